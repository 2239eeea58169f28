namespace PersonaTune.Device.Federation;

/// <summary>The steps of a participation, as they are told to observers.</summary>
public enum ParticipationStep
{
    /// <summary>About to ask for a seat.</summary>
    CheckIn,

    /// <summary>About to train.</summary>
    Train,

    /// <summary>About to advertise keys.</summary>
    Advertise,

    /// <summary>About to open the nonce.</summary>
    Open,

    /// <summary>About to share secrets.</summary>
    Share,

    /// <summary>About to upload the report.</summary>
    Upload,

    /// <summary>About to confirm the survivors.</summary>
    Confirm,

    /// <summary>About to reveal the shares.</summary>
    Unmask,
}
