using System.Collections.Concurrent;
using System.Security.Cryptography;
using PersonaTune.Privacy.Mechanisms;

namespace PersonaTune.Privacy.Tests.Mechanisms;

/// <summary>A known key, so that a test can draw the independent Gaussians of a stream by itself.</summary>
internal static class CorrelatedNoiseHelper
{
    public const double Deviation = 2;

    public static readonly byte[] Digest = SHA256.HashData("release"u8);

    private static readonly byte[] Key = KeyOf(42);

    /// <summary>A source that gives <see cref="Key"/> first.</summary>
    public static SeededNoiseSource Source() => SeededNoiseSource.FromSeed(42);

    private static readonly ConcurrentDictionary<(ulong Index, int Dimension), float[]> Drawn = new();

    /// <summary>The stream's Gaussian of that number; not to be changed by the caller.</summary>
    public static float[] Independent(ulong index, int dimension)
        => Drawn.GetOrAdd((index, dimension), key => Draw(key.Index, key.Dimension));

    private static float[] Draw(ulong index, int dimension)
    {
        var values = new float[dimension];
        using var source = new SeededNoiseSource(Key, index);
        new GaussianNoise(Deviation).AddTo(source, values);
        return values;
    }

    public static float[] Next(CorrelatedNoise noise)
    {
        var values = new float[noise.Dimension];
        noise.Next(Digest, values);
        return values;
    }

    private static byte[] KeyOf(long seed)
    {
        var key = new byte[32];
        using var source = SeededNoiseSource.FromSeed(seed);
        source.Fill(key);
        return key;
    }
}
