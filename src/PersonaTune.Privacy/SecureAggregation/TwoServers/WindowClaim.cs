namespace PersonaTune.Privacy.SecureAggregation.TwoServers;

/// <summary>How a set of reports relates to those answered before in the same window.</summary>
public enum WindowClaim
{
    /// <summary>None of its reports was in an answer; it is now recorded as answered.</summary>
    New,

    /// <summary>Exactly this set was answered before; the same answer reveals nothing more.</summary>
    Same,

    /// <summary>Some of its reports, but not exactly this set, were answered before.</summary>
    Overlapping,
}
