namespace PersonaTune.Device.Scheduling;

/// <summary>Where the device draws its power from.</summary>
public enum PowerSource
{
    /// <summary>The platform does not say (for example a server without a power-supply class). Counts as <see cref="External"/>.</summary>
    Unknown,

    /// <summary>Mains or a charger.</summary>
    External,

    /// <summary>The battery is being drained.</summary>
    Battery,
}
