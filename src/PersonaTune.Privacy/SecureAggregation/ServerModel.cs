namespace PersonaTune.Privacy.SecureAggregation;

/// <summary>What the server is trusted to do while graph parameters are chosen.</summary>
public enum ServerModel
{
    /// <summary>It follows the protocol and reads whatever it sees (CURIOUS_SERVER of the reference tables).</summary>
    Curious,

    /// <summary>
    /// It may also tell different devices different things about who dropped out (SEMI_MALICIOUS_SERVER): the threshold
    /// exceeds half of the neighbours plus the corrupt ones, so that no two disjoint sets of answers reveal both secrets of a device.
    /// </summary>
    SemiMalicious,
}
