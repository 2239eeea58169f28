namespace PersonaTune.Device.Scheduling;

/// <summary>When training may run, and how often it saves itself. Unknown conditions never hold training back.</summary>
public sealed record SchedulingOptions
{
    /// <summary>Train only on external power. Default true.</summary>
    public bool RequireExternalPower { get; init; } = true;

    /// <summary>Least battery charge, 0 to 1, even on external power. Default 0.2.</summary>
    public double MinimumBattery { get; init; } = 0.2;

    /// <summary>Train only while the person does not use the device. Default true.</summary>
    public bool RequireIdle { get; init; } = true;

    /// <summary>Hottest level at which training goes on. Default <see cref="ThermalLevel.Warm"/>.</summary>
    public ThermalLevel MaximumThermal { get; init; } = ThermalLevel.Warm;

    /// <summary>Memory that must stay free, in bytes; training pauses below it. Default 64 MiB.</summary>
    public long MinimumFreeMemoryBytes { get; init; } = 64L << 20;

    /// <summary>Part of the free memory that a run may plan for, above 0 to 1. Default 0.5.</summary>
    public double MemoryShare { get; init; } = 0.5;

    /// <summary>Most memory a run may plan for, in bytes. Default 1 GiB.</summary>
    public long MaximumMemoryBytes { get; init; } = 1L << 30;

    /// <summary>How often a paused run asks again. Default 5 s.</summary>
    public TimeSpan PausedPollInterval { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>A run that has paused longer ends as suspended and is resumed by the next call. Default 10 minutes.</summary>
    public TimeSpan MaximumPause { get; init; } = TimeSpan.FromMinutes(10);

    /// <summary>Optimizer steps between two checkpoints; 0 turns the count off. Default 50.</summary>
    public int CheckpointSteps { get; init; } = 50;

    /// <summary>Time between two checkpoints. Default 15 s.</summary>
    public TimeSpan CheckpointInterval { get; init; } = TimeSpan.FromSeconds(15);

    /// <summary>No conditions at all: what a command-line tool or a server uses.</summary>
    public static SchedulingOptions Unrestricted { get; } = new()
    {
        RequireExternalPower = false,
        MinimumBattery = 0,
        RequireIdle = false,
        MaximumThermal = ThermalLevel.Critical,
        MinimumFreeMemoryBytes = 0,
        MemoryShare = 1,
        MaximumMemoryBytes = long.MaxValue,
    };

    /// <summary>Problems of these values, one sentence each; empty when they are usable.</summary>
    public IReadOnlyList<string> Validate()
    {
        var problems = new List<string>();
        if (MinimumBattery is not (>= 0 and <= 1)) problems.Add($"{nameof(MinimumBattery)} is {MinimumBattery}; expected 0 to 1");
        if (MemoryShare is not (> 0 and <= 1)) problems.Add($"{nameof(MemoryShare)} is {MemoryShare}; expected above 0, at most 1");
        if (MinimumFreeMemoryBytes < 0) problems.Add($"{nameof(MinimumFreeMemoryBytes)} is {MinimumFreeMemoryBytes}; expected 0 or more bytes");
        if (MaximumMemoryBytes < 1) problems.Add($"{nameof(MaximumMemoryBytes)} is {MaximumMemoryBytes}; expected at least 1 byte");
        if (PausedPollInterval <= TimeSpan.Zero) problems.Add($"{nameof(PausedPollInterval)} is {PausedPollInterval}; expected a positive time");
        if (MaximumPause < TimeSpan.Zero) problems.Add($"{nameof(MaximumPause)} is {MaximumPause}; expected zero or more");
        if (CheckpointSteps < 0) problems.Add($"{nameof(CheckpointSteps)} is {CheckpointSteps}; expected 0 or more");
        if (CheckpointInterval <= TimeSpan.Zero) problems.Add($"{nameof(CheckpointInterval)} is {CheckpointInterval}; expected a positive time");
        if (!Enum.IsDefined(MaximumThermal)) problems.Add($"{nameof(MaximumThermal)} is {(int)MaximumThermal}; expected a member of {nameof(ThermalLevel)}");
        return problems;
    }
}
