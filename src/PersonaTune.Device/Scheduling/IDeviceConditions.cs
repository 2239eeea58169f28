namespace PersonaTune.Device.Scheduling;

/// <summary>Reads the state of the device. Implementations are thread-safe, fast (called between micro-batches) and never throw.</summary>
public interface IDeviceConditions
{
    /// <summary>The state now.</summary>
    DeviceState Read();
}
