namespace PersonaTune.Device.Scheduling;

/// <summary>One reading of the conditions that decide whether training may run. Null means that the platform does not say.</summary>
public sealed record DeviceState
{
    /// <summary>Power source. Default unknown.</summary>
    public PowerSource Power { get; init; }

    /// <summary>Battery charge, 0 to 1; null without a battery.</summary>
    public double? BatteryFraction { get; init; }

    /// <summary>Heat. Default nominal.</summary>
    public ThermalLevel Thermal { get; init; }

    /// <summary>Whether the person is not using the device; null when unknown.</summary>
    public bool? Idle { get; init; }

    /// <summary>Whether the network is paid by volume; null when unknown. Training itself sends nothing; federation asks.</summary>
    public bool? Metered { get; init; }

    /// <summary>Memory that can be taken without swapping, in bytes; null when unknown.</summary>
    public long? AvailableMemoryBytes { get; init; }
}
