namespace PersonaTune.Device.Federation;

/// <summary>How an attempt to take part ended.</summary>
public enum ParticipationEnd
{
    /// <summary>The report was handed in and everything that was asked for was answered.</summary>
    Completed,

    /// <summary>The device did not ask for a seat: the task, the user's limits or the device's own coin forbade it.</summary>
    NotOffered,

    /// <summary>The aggregator gave no seat.</summary>
    NoSeat,

    /// <summary>The aggregator dropped the device or abandoned its cohort.</summary>
    Dropped,

    /// <summary>The device refused what the aggregator asked for.</summary>
    Refused,

    /// <summary>The device left, for example because consent was withdrawn.</summary>
    Left,
}
