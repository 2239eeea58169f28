namespace PersonaTune.Device.Federation;

/// <summary>What became of a participation, as its record says. The numbers are stored.</summary>
public enum ParticipationStatus : byte
{
    /// <summary>It goes on, or the process ended before it did.</summary>
    Unfinished = 1,

    /// <summary>The report was handed in and everything that was asked for was answered.</summary>
    Contributed = 2,

    /// <summary>The aggregator dropped the device or abandoned its cohort.</summary>
    Dropped = 3,

    /// <summary>The device refused what the aggregator asked for.</summary>
    Refused = 4,

    /// <summary>The device left: consent was withdrawn, the user's limits or the device's conditions forbade it, or the application ended it.</summary>
    Withdrawn = 5,

    /// <summary>The aggregator did not answer any more, or something failed on the device.</summary>
    Failed = 6,
}
