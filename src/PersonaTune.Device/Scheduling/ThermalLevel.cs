namespace PersonaTune.Device.Scheduling;

/// <summary>How hot the device is, relative to the limits that its own sensors name.</summary>
public enum ThermalLevel
{
    /// <summary>More than 15 kelvin below the first limit, or no sensor to ask.</summary>
    Nominal,

    /// <summary>Within 15 kelvin of the first limit.</summary>
    Warm,

    /// <summary>At or above a passive or "hot" limit: the platform throttles.</summary>
    Hot,

    /// <summary>Within 3 kelvin of the critical limit, at which the platform switches off.</summary>
    Critical,
}
