namespace PersonaTune.Privacy.SecureAggregation.TwoServers;

/// <summary>What a leader is waiting for.</summary>
public enum WindowStage
{
    /// <summary>Reports of devices.</summary>
    Collecting,

    /// <summary>The helper's sum of masks.</summary>
    Awaiting,

    /// <summary>Nothing: there is a sum.</summary>
    Finished,

    /// <summary>Nothing: there will be no sum.</summary>
    Abandoned,
}
