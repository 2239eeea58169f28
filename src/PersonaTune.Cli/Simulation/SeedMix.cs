namespace PersonaTune.Cli.Simulation;

/// <summary>A number from several, the same on every machine and in every process (splitmix64).</summary>
internal static class SeedMix
{
    public static ulong Mix(long seed, params ReadOnlySpan<int> parts)
    {
        var x = (ulong)seed;
        foreach (var part in parts)
        {
            x += 0x9E3779B97F4A7C15UL + (uint)part;
            x = (x ^ (x >> 30)) * 0xBF58476D1CE4E5B9UL;
            x = (x ^ (x >> 27)) * 0x94D049BB133111EBUL;
            x ^= x >> 31;
        }

        return x;
    }

    /// <summary>A generator that follows from several numbers.</summary>
    public static Random Generator(long seed, params ReadOnlySpan<int> parts) => new((int)(Mix(seed, parts) & int.MaxValue));
}
