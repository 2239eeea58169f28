namespace PersonaTune.Privacy.SecureAggregation.Rounds;

/// <summary>What became of a message that was not refused.</summary>
public enum Receipt
{
    /// <summary>It was new and counts.</summary>
    Accepted,

    /// <summary>The same was accepted before.</summary>
    Duplicate,
}
