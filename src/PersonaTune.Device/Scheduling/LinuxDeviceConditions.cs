using System.Globalization;

namespace PersonaTune.Device.Scheduling;

/// <summary>
/// Reads <c>/sys/class/power_supply</c>, <c>/sys/class/thermal</c>, <c>/proc/meminfo</c> and the control group's memory limit. What a
/// file does not tell (it is absent, unreadable or malformed) stays unknown. Idleness is judged by the caller's <c>idle</c> function,
/// because no kernel file tells it. Thread-safe.
/// </summary>
/// <remarks>Formats: Documentation/ABI/testing/sysfs-class-power and sysfs-class-thermal of the Linux kernel.</remarks>
public sealed class LinuxDeviceConditions : IDeviceConditions
{
    private readonly string _sys;
    private readonly string _proc;
    private readonly Func<bool?>? _idle;
    private readonly Func<bool?>? _metered;

    /// <summary>Creates a reader; the roots differ only in tests. <paramref name="idle"/> and <paramref name="metered"/> fill what the kernel does not know.</summary>
    public LinuxDeviceConditions(Func<bool?>? idle = null, Func<bool?>? metered = null, string sysRoot = "/sys", string procRoot = "/proc") =>
        (_idle, _metered, _sys, _proc) = (idle, metered, sysRoot, procRoot);

    /// <inheritdoc/>
    public DeviceState Read()
    {
        var (power, battery) = ReadPower();
        return new DeviceState
        {
            Power = power,
            BatteryFraction = battery,
            Thermal = ReadThermal(),
            Idle = _idle?.Invoke(),
            Metered = _metered?.Invoke(),
            AvailableMemoryBytes = ReadMemory(),
        };
    }

    private (PowerSource Power, double? Battery) ReadPower()
    {
        var external = false;
        var discharging = false;
        double? battery = null;
        foreach (var supply in Folders("class/power_supply", "*"))
        {
            var type = Text(supply, "type");
            // A mouse's or pen's battery says "Device"; only the system's own counts.
            if (string.Equals(Text(supply, "scope"), "Device", StringComparison.Ordinal)) continue;
            if (string.Equals(type, "Battery", StringComparison.Ordinal))
            {
                discharging |= string.Equals(Text(supply, "status"), "Discharging", StringComparison.Ordinal);
                if (Number(supply, "capacity") is >= 0 and <= 100 and var percent)
                    battery = Math.Min(battery ?? 1, percent / 100.0);
            }
            else if (Number(supply, "online") is > 0)
            {
                external = true;
            }
        }
        if (external) return (PowerSource.External, battery);
        if (discharging) return (PowerSource.Battery, battery);
        return (battery is null ? PowerSource.Unknown : PowerSource.External, battery);
    }

    private ThermalLevel ReadThermal()
    {
        var worst = ThermalLevel.Nominal;
        foreach (var zone in Folders("class/thermal", "thermal_zone*"))
        {
            // Millidegrees Celsius; broken sensors report absurd values.
            if (Number(zone, "temp") is not (> -50_000 and < 200_000 and var temperature)) continue;
            for (var trip = 0; trip < 32; trip++)
            {
                var kind = Text(zone, $"trip_point_{trip}_type");
                if (kind is null) break;
                if (Number(zone, $"trip_point_{trip}_temp") is not (> 0 and var limit)) continue;
                var level = kind switch
                {
                    "critical" when temperature >= limit - 3_000 => ThermalLevel.Critical,
                    "passive" or "hot" when temperature >= limit => ThermalLevel.Hot,
                    "passive" or "hot" or "critical" when temperature >= limit - 15_000 => ThermalLevel.Warm,
                    _ => ThermalLevel.Nominal,
                };
                if (level > worst) worst = level;
            }
        }
        return worst;
    }

    private long? ReadMemory()
    {
        long? free = null;
        if (Text(_proc, "meminfo") is { } table)
        {
            foreach (var line in table.AsSpan().EnumerateLines())
            {
                if (!line.StartsWith("MemAvailable:", StringComparison.Ordinal)) continue;
                var value = line["MemAvailable:".Length..].Trim();
                if (value.EndsWith(" kB", StringComparison.Ordinal)
                    && long.TryParse(value[..^3], NumberStyles.None, CultureInfo.InvariantCulture, out var kilobytes)
                    && kilobytes <= long.MaxValue / 1024)
                    free = kilobytes * 1024;
                break;
            }
        }
        // A container's limit can be far below the machine's memory (control groups v2).
        var group = Path.Combine(_sys, "fs", "cgroup");
        if (Number(group, "memory.max") is { } limit && Number(group, "memory.current") is { } used)
            free = Math.Min(free ?? long.MaxValue, Math.Max(0, limit - used));
        return free;
    }

    private string[] Folders(string below, string pattern)
    {
        try
        {
            return Directory.GetFileSystemEntries(Path.Combine(_sys, below), pattern);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return [];
        }
    }

    private static string? Text(string folder, string name)
    {
        try
        {
            var path = Path.Combine(folder, name);
            return File.Exists(path) ? File.ReadAllText(path).Trim() : null;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    private static long? Number(string folder, string name) =>
        long.TryParse(Text(folder, name), NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var value) ? value : null;
}
