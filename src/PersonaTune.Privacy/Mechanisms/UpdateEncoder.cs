using System.Runtime.InteropServices;
using System.Security.Cryptography;

namespace PersonaTune.Privacy.Mechanisms;

/// <summary>
/// Turns an update into integers for a distributed mechanism and a sum of them back into a mean (Kairouz, Liu and Steinke 2021): clip,
/// rotate, scale, round stochastically, accept only if the norm of the integers keeps its bound. Immutable and thread-safe.
/// </summary>
/// <remarks>
/// <para>Guarantee: every vector that <see cref="Encode"/> returns has an exact integer L2 norm of at most <see cref="L2Bound"/>,
/// whatever floating point did before, so adding or removing one contribution changes a sum by at most that (replacing it: twice that).
/// Encoding alone hides nothing: add
/// <see cref="DiscreteGaussianNoise"/> or <see cref="SkellamNoise"/> and give the accountant these bounds.</para>
/// <para>Unbiased for beta = 0; conditional rounding bends the mean by less than one rounding error. The number of attempts depends on
/// the update; it is visible only to someone who times <see cref="Encode"/>.</para>
/// <para>Broken by: noise sized for <see cref="UpdateEncodingOptions.ClipNorm"/> times scale instead of <see cref="L2Bound"/>.</para>
/// </remarks>
public sealed class UpdateEncoder
{
    private readonly UpdateEncodingOptions _options;
    private readonly RandomRotation _rotation;
    private readonly ulong _largestSquare;

    /// <summary>An encoder for one round.</summary>
    /// <param name="options">How to encode.</param>
    /// <exception cref="ArgumentException">An option lies outside its range, or the bound of the norm exceeds 2^31.</exception>
    public UpdateEncoder(UpdateEncodingOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        options.Validate();
        _options = options;
        _rotation = new RandomRotation(options.RotationSeed.Span, options.Dimension);
        L2Bound = RoundedNorm.L2(options.ClipNorm * options.Scale, PaddedDimension, options.Beta);
        if (!(L2Bound < int.MaxValue))
            throw new ArgumentOutOfRangeException(nameof(options), options.Scale,
                $"encoding: the integers' norm may reach {L2Bound}, expected below 2^31; lower UpdateEncodingOptions.Scale");
        _largestSquare = (ulong)Math.BitDecrement(L2Bound * L2Bound);
    }

    /// <summary>Number of integers: the dimension, padded to a power of two.</summary>
    public int PaddedDimension => _rotation.PaddedDimension;

    /// <summary>No encoded vector has a larger L2 norm.</summary>
    public double L2Bound { get; }

    /// <summary>No encoded vector has a larger L1 norm.</summary>
    public double L1Bound => RoundedNorm.L1(L2Bound, PaddedDimension);

    /// <summary>Encodes an update.</summary>
    /// <param name="update">The update; it is not changed.</param>
    /// <param name="source">The source of the rounding's random bits.</param>
    /// <returns><see cref="PaddedDimension"/> integers. They are as secret as the update until noise or a mask covers them.</returns>
    /// <exception cref="ArgumentException">The update has the wrong length.</exception>
    /// <exception cref="NonFiniteUpdateException">The update holds NaN or an infinity.</exception>
    /// <exception cref="RoundingFailedException">No attempt kept the bound.</exception>
    public int[] Encode(ReadOnlySpan<float> update, INoiseSource source)
    {
        ArgumentNullException.ThrowIfNull(source);
        if (update.Length != _options.Dimension)
            throw new ArgumentException($"encoding: the update has {update.Length} values, expected {_options.Dimension}; "
                + "check that it belongs to this round's adapter", nameof(update));
        var work = new float[PaddedDimension];
        try
        {
            update.CopyTo(work);
            L2Clip.Clip(work.AsSpan(0, update.Length), _options.ClipNorm);
            _rotation.ApplyUnnormalized(work);
            var encoded = new int[PaddedDimension];
            var factor = _options.Scale / Math.Sqrt(PaddedDimension);
            for (var attempt = 0; attempt < _options.MaxAttempts; attempt++)
                if (TryRound(work, factor, source, encoded)) return encoded;
            CryptographicOperations.ZeroMemory(MemoryMarshal.AsBytes(encoded.AsSpan()));
            throw new RoundingFailedException(_options.MaxAttempts, L2Bound);
        }
        finally
        {
            CryptographicOperations.ZeroMemory(MemoryMarshal.AsBytes(work.AsSpan()));
        }
    }

    /// <summary>The mean update of a sum of encoded updates; noise and rounding in the sum pass through unbiased.</summary>
    /// <param name="sum"><see cref="PaddedDimension"/> integers, as representatives around 0 (<see cref="SecureAggregation.RingEncoding.Decode(uint, int)"/>).</param>
    /// <param name="count">The public number of contributions, above 0; 1 gives the sum.</param>
    /// <exception cref="ArgumentException">The sum has the wrong length.</exception>
    public float[] Decode(ReadOnlySpan<int> sum, int count)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(count);
        if (sum.Length != PaddedDimension)
            throw new ArgumentException($"encoding: the sum has {sum.Length} values, expected {PaddedDimension}; take one of this round",
                nameof(sum));
        var work = new float[PaddedDimension];
        var factor = 1 / (_options.Scale * count * Math.Sqrt(PaddedDimension));
        for (var i = 0; i < work.Length; i++) work[i] = (float)(sum[i] * factor);
        _rotation.InvertUnnormalized(work);
        return work[..(_options.Dimension)];
    }

    /// <summary>Rounds each value up with the probability of its fraction; false as soon as the sum of squares exceeds the bound.</summary>
    private bool TryRound(ReadOnlySpan<float> values, double factor, INoiseSource source, Span<int> rounded)
    {
        Span<ulong> buffer = stackalloc ulong[256];
        using var words = new NoiseWords(source, buffer[..Math.Min(buffer.Length, values.Length)]);
        ulong squares = 0;
        for (var i = 0; i < values.Length; i++)
        {
            var value = values[i] * factor;
            var floor = Math.Floor(value);
            // The threshold is the fraction to 2^-53 of its value; that of a tiny negative value saturates just below 1.
            var threshold = (ulong)((value - floor) * 18446744073709551616.0);
            var integer = (long)floor + (words.Next() < threshold ? 1 : 0);
            // Beyond 2^31 the bound is exceeded anyway, and the square would not fit.
            if (integer is < int.MinValue or > int.MaxValue) return false;
            rounded[i] = (int)integer;
            squares += (ulong)(integer * integer);
            if (squares > _largestSquare) return false;
        }

        return true;
    }
}
