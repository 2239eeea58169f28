using System.Globalization;

namespace PersonaTune.Device.Keyboard;

/// <summary>Peak resident memory of this process since the last reset, where the system can tell; otherwise since the process began.</summary>
internal static class MemoryMeter
{
    /// <summary>Starts a new measurement (Linux).</summary>
    public static void Reset()
    {
        if (!OperatingSystem.IsLinux()) return;
        try
        {
            File.WriteAllText("/proc/self/clear_refs", "5");
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // Not allowed in some containers: the peak then counts from the start of the process, which is never too low.
        }
    }

    /// <summary>The peak in bytes.</summary>
    public static long Peak()
    {
        if (OperatingSystem.IsLinux())
            try
            {
                foreach (var line in File.ReadLines("/proc/self/status"))
                    if (line.StartsWith("VmHWM:", StringComparison.Ordinal)
                        && long.TryParse(line.AsSpan(6).Trim().TrimEnd("kB").Trim(), NumberStyles.None, CultureInfo.InvariantCulture, out var kibibytes))
                        return kibibytes * 1024;
            }
            catch (IOException)
            {
                // Fall through to the portable figure.
            }
        using var process = System.Diagnostics.Process.GetCurrentProcess();
        return process.PeakWorkingSet64;
    }
}
