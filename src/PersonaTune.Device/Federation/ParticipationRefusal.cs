namespace PersonaTune.Device.Federation;

/// <summary>Why a device does not take part.</summary>
public enum ParticipationRefusal
{
    /// <summary>No consent receipt covers it.</summary>
    NoConsent,

    /// <summary>All rounds together may cost more than the user allows.</summary>
    EpsilonTooLarge,

    /// <summary>Delta is larger than the user allows.</summary>
    DeltaTooLarge,

    /// <summary>The task claims less than its rounds cost.</summary>
    ClaimTooSmall,

    /// <summary>Noise is added by somebody whom the user does not trust with it, or by nobody.</summary>
    PrivacyKind,

    /// <summary>Cohorts are smaller than the user allows.</summary>
    CohortTooSmall,

    /// <summary>There are too few examples.</summary>
    TooFewExamples,

    /// <summary>The last participation was too short a time ago.</summary>
    TooSoon,

    /// <summary>The device is not on mains power.</summary>
    NotCharging,

    /// <summary>The device is in use.</summary>
    NotIdle,

    /// <summary>The network is metered.</summary>
    Metered,
}
