namespace PersonaTune.Device.Scheduling;

/// <summary>Why training does not run now.</summary>
public enum PauseReason
{
    /// <summary>It may run.</summary>
    None,

    /// <summary>The device runs on its battery.</summary>
    OnBattery,

    /// <summary>The battery is charged less than <see cref="SchedulingOptions.MinimumBattery"/>.</summary>
    LowBattery,

    /// <summary>The person is using the device.</summary>
    InUse,

    /// <summary>The device is hotter than <see cref="SchedulingOptions.MaximumThermal"/>.</summary>
    Hot,

    /// <summary>Less than <see cref="SchedulingOptions.MinimumFreeMemoryBytes"/> is free.</summary>
    LowMemory,

    /// <summary>The application asked for it (<see cref="TrainingScheduler.Pause"/>).</summary>
    Requested,
}
