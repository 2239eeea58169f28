using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;

namespace PersonaTune.Privacy.Mechanisms;

/// <summary>
/// The randomized Walsh-Hadamard rotation x to
/// H D x / sqrt(n): random signs D from a public 32-byte seed, vectors padded with zeros to a power of two. An isometry that spreads any
/// fixed vector evenly over the coordinates, so that few bits a coordinate suffice (Kairouz, Liu and Steinke 2021). Immutable and
/// thread-safe.
/// </summary>
/// <remarks>
/// No privacy rests on the seed; all participants of a round share it. It must be drawn after the updates' distribution is fixed: against
/// a vector made for the seed the spreading fails, and with it the bound of <see cref="SecureAggregation.RingEncoding.WrapProbability"/>.
/// </remarks>
public sealed class RandomRotation
{
    private readonly byte[] _signs;

    /// <summary>The rotation of a seed.</summary>
    /// <param name="seed">32 public bytes: sign i is bit i (from the lowest) of AES-256-CTR under them.</param>
    /// <param name="dimension">Length of the vectors, 1 to 2^28.</param>
    /// <exception cref="ArgumentException">The seed or the dimension has the wrong size.</exception>
    public RandomRotation(ReadOnlySpan<byte> seed, int dimension)
    {
        if (dimension is < 1 or > 1 << 28)
            throw new ArgumentOutOfRangeException(nameof(dimension), dimension,
                $"rotation: dimension is {dimension}, expected 1 to 2^28; split the update");
        Dimension = dimension;
        PaddedDimension = (int)BitOperations.RoundUpToPowerOf2((uint)dimension);
        _signs = new byte[Math.Max(1, PaddedDimension / 8)];
        using var source = new SeededNoiseSource(seed);
        source.Fill(_signs);
    }

    /// <summary>Length of the vectors before padding.</summary>
    public int Dimension { get; }

    /// <summary>The next power of two.</summary>
    public int PaddedDimension { get; }

    /// <summary>
    /// Rotates a padded vector in place, times sqrt(<see cref="PaddedDimension"/>): the caller folds the factor into its scale.
    /// </summary>
    /// <param name="padded"><see cref="PaddedDimension"/> values, the last ones zero.</param>
    public void ApplyUnnormalized(Span<float> padded)
    {
        CheckLength(padded);
        FlipSigns(padded);
        WalshHadamard.Transform(padded);
    }

    /// <summary>Undoes the rotation in place, times sqrt(<see cref="PaddedDimension"/>).</summary>
    /// <param name="padded"><see cref="PaddedDimension"/> values.</param>
    public void InvertUnnormalized(Span<float> padded)
    {
        CheckLength(padded);
        WalshHadamard.Transform(padded);
        FlipSigns(padded);
    }

    private void FlipSigns(Span<float> values)
    {
        var bits = MemoryMarshal.Cast<float, int>(values);
        var lanes = Vector256.Create(1, 2, 4, 8, 16, 32, 64, 128);
        ref var first = ref MemoryMarshal.GetReference(bits);
        var i = 0;
        for (; i + 8 <= bits.Length; i += 8)
        {
            ref var at = ref Unsafe.Add(ref first, i);
            var mask = Vector256.Equals(Vector256.Create((int)_signs[i >> 3]) & lanes, lanes) & Vector256.Create(int.MinValue);
            (Vector256.LoadUnsafe(ref at) ^ mask).StoreUnsafe(ref at);
        }

        for (; i < bits.Length; i++) bits[i] ^= ((_signs[i >> 3] >> (i & 7)) & 1) << 31;
    }

    private void CheckLength(ReadOnlySpan<float> padded)
    {
        if (padded.Length != PaddedDimension)
            throw new ArgumentException($"rotation: {padded.Length} values, expected {PaddedDimension}; pad with zeros", nameof(padded));
    }
}
