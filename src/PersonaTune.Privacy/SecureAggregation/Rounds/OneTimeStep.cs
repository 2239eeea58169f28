namespace PersonaTune.Privacy.SecureAggregation.Rounds;

/// <summary>What a device does at most once in a session, even across restarts.</summary>
public enum OneTimeStep
{
    /// <summary>Sharing b and M among the neighbours.</summary>
    Share = 1,

    /// <summary>Masking a report: b and M are used up.</summary>
    Report = 2,

    /// <summary>Signing the roots of U2 and U3.</summary>
    Confirm = 3,

    /// <summary>Revealing shares of the neighbours' secrets.</summary>
    Unmask = 4,
}
