namespace PersonaTune.Device.Scheduling;

/// <summary>Knows nothing, so that nothing holds training back: the default where no implementation for the platform exists.</summary>
public sealed class UnknownDeviceConditions : IDeviceConditions
{
    /// <inheritdoc/>
    public DeviceState Read() => new();

    /// <summary>The platform's own conditions: Linux where available, otherwise unknown.</summary>
    public static IDeviceConditions ForThisPlatform() =>
        OperatingSystem.IsLinux() || OperatingSystem.IsAndroid() ? new LinuxDeviceConditions() : new UnknownDeviceConditions();
}
