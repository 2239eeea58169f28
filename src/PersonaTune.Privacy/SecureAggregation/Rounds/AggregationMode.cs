namespace PersonaTune.Privacy.SecureAggregation.Rounds;

/// <summary>Who must not collude for a report to stay hidden.</summary>
public enum AggregationMode
{
    /// <summary>
    /// One server; masks between neighbours cancel in the sum. Hidden unless the server colludes with a threshold of a device's
    /// neighbours.
    /// </summary>
    SingleServer = 1,

    /// <summary>A leader and a helper run by somebody else. Hidden unless the two collude.</summary>
    TwoServers = 2,
}
