namespace PersonaTune.Device.Scheduling;

/// <summary>
/// Conditions that the application sets itself: for platforms whose own interfaces tell (a phone's power and thermal callbacks), and
/// for tests. Thread-safe.
/// </summary>
public sealed class ManualDeviceConditions : IDeviceConditions
{
    private volatile DeviceState _state;

    /// <summary>Starts with <paramref name="state"/>; default: external power, idle, nominal heat, plenty of memory.</summary>
    public ManualDeviceConditions(DeviceState? state = null) =>
        _state = state ?? new DeviceState { Power = PowerSource.External, Idle = true, Metered = false };

    /// <summary>What <see cref="Read"/> returns from now on.</summary>
    public DeviceState State
    {
        get => _state;
        set => _state = value ?? throw new ArgumentNullException(nameof(value));
    }

    /// <inheritdoc/>
    public DeviceState Read() => _state;
}
