namespace PersonaTune.Privacy.SecureAggregation;

/// <summary>
/// Signed integers as elements of Z_(2^b), b from 2 to 32: x is represented by x modulo 2^b, and read back as the
/// representative in [-2^(b-1), 2^(b-1)). A sum read back is the true sum if that lies in the range. Thread-safe.
/// </summary>
public static class RingEncoding
{
    /// <summary>Default exponent of the chance that noise wraps any coordinate: 2^-40.</summary>
    public const int DefaultFailureExponent = 40;

    /// <summary>The largest x such that x and -x both fit: 2^(b-1) - 1.</summary>
    public static long MaxMagnitude(int bits)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(bits, 2);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(bits, 32);
        return (1L << (bits - 1)) - 1;
    }

    /// <summary>The element that represents <paramref name="value"/>.</summary>
    /// <exception cref="RingOverflowException">The value lies outside [-2^(b-1), 2^(b-1)).</exception>
    public static uint Encode(long value, int bits)
    {
        var largest = MaxMagnitude(bits);
        if (value > largest || value < -largest - 1) throw new RingOverflowException("value", bits, Math.Abs((double)value));
        return (uint)value & (uint)((1UL << bits) - 1);
    }

    /// <summary>Encodes each of <paramref name="values"/>.</summary>
    /// <exception cref="RingOverflowException">A value lies outside [-2^(b-1), 2^(b-1)).</exception>
    public static void Encode(ReadOnlySpan<int> values, int bits, Span<uint> words)
    {
        if (words.Length != values.Length)
            throw new ArgumentException($"{values.Length} values need as many words, got {words.Length}", nameof(words));
        for (var i = 0; i < values.Length; i++) words[i] = Encode(values[i], bits);
    }

    /// <summary>The integer that <paramref name="word"/>'s low b bits represent; higher bits are ignored.</summary>
    public static int Decode(uint word, int bits)
    {
        _ = MaxMagnitude(bits);
        return (int)(word << (32 - bits)) >> (32 - bits);
    }

    /// <summary>Decodes each of <paramref name="words"/>.</summary>
    public static void Decode(ReadOnlySpan<uint> words, int bits, Span<int> values)
    {
        if (values.Length != words.Length)
            throw new ArgumentException($"{words.Length} words need as many values, got {values.Length}", nameof(values));
        for (var i = 0; i < words.Length; i++) values[i] = Decode(words[i], bits);
    }

    /// <summary>
    /// Whether the sum of <paramref name="count"/> vectors with coordinates |x| &lt;= <paramref name="bound"/> and noise of total standard
    /// deviation <paramref name="noiseSigma"/> stays in range in all <paramref name="dimensions"/> coordinates, except with
    /// probability 2^-<paramref name="failureExponent"/> over the noise. Without noise the answer is certain.
    /// </summary>
    public static bool Fits(
        int bits, int count, long bound, double noiseSigma = 0, long dimensions = 1, int failureExponent = DefaultFailureExponent) =>
        Needed(count, bound, noiseSigma, dimensions, failureExponent) <= MaxMagnitude(bits);

    /// <summary>Throws unless <see cref="Fits"/>.</summary>
    /// <exception cref="RingOverflowException">The sum could wrap.</exception>
    public static void EnsureFits(
        int bits, int count, long bound, double noiseSigma = 0, long dimensions = 1, int failureExponent = DefaultFailureExponent)
    {
        if (!Fits(bits, count, bound, noiseSigma, dimensions, failureExponent))
            throw new RingOverflowException($"sum of {count} vectors", bits, Needed(count, bound, noiseSigma, dimensions, failureExponent));
    }

    /// <summary>
    /// The magnitude that discrete Gaussian or Skellam noise of total standard deviation <paramref name="sigma"/> exceeds in any of
    /// <paramref name="dimensions"/> coordinates with probability at most 2^-<paramref name="failureExponent"/>.
    /// </summary>
    // Bennett's inequality in Bernstein's form, P(|X| >= t) <= 2 exp(-t^2 / (2 (sigma^2 + t / 3))), holds for Skellam noise (a limit of
    // sums of independent steps of +-1) and, being weaker, for the subgaussian discrete Gaussian. A union bound over the
    // coordinates asks for L = ln(2 dimensions 2^failureExponent), and t^2 = 2 L (sigma^2 + t / 3) is solved for t.
    public static double NoiseTail(double sigma, long dimensions, int failureExponent = DefaultFailureExponent)
    {
        if (!(sigma >= 0) || double.IsInfinity(sigma))
            throw new ArgumentOutOfRangeException(nameof(sigma), sigma, "a standard deviation is finite and not negative");
        ArgumentOutOfRangeException.ThrowIfLessThan(dimensions, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(failureExponent, 1);
        if (sigma == 0) return 0;
        var l = Math.Log(2.0 * dimensions) + failureExponent * Math.Log(2);
        return l / 3 + Math.Sqrt(l * l / 9 + 2 * l * sigma * sigma);
    }

    /// <summary>
    /// An upper bound of the probability that any coordinate of a sum wraps after a <see cref="Mechanisms.RandomRotation"/> whose seed the updates do not
    /// depend on: 2 d exp(-L^2 / (2 s^2)), s^2 = (n c)^2 / d + n / 4 + n v (sub-Gaussian; Kairouz, Liu and Steinke 2021, section 4). Far fewer
    /// bits than <see cref="Fits"/> asks for keep it small; what wraps costs accuracy, never privacy.
    /// </summary>
    /// <remarks>
    /// Holds for unconditional rounding and discrete Gaussian noise. Conditional rounding multiplies it by at most (1 - beta)^-n, Skellam
    /// noise has slightly heavier tails; both are far inside the distance between a practical s and L.
    /// </remarks>
    /// <param name="bits">The width b; L is <see cref="MaxMagnitude"/>.</param>
    /// <param name="count">Number n of summands.</param>
    /// <param name="scaledNorm">Bound c of each vector's L2 norm before rounding, in integer units.</param>
    /// <param name="dimension">Number d of padded coordinates.</param>
    /// <param name="noiseVariance">Variance v of each summand's noise.</param>
    public static double WrapProbability(int bits, int count, double scaledNorm, int dimension, double noiseVariance)
    {
        double largest = MaxMagnitude(bits);
        var variance = (count * scaledNorm * count * scaledNorm / dimension) + (count * (0.25 + noiseVariance));
        return Math.Min(1, 2 * dimension * Math.Exp(-0.5 * largest / variance * largest));
    }

    private static double Needed(int count, long bound, double noiseSigma, long dimensions, int failureExponent)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(count, 1);
        ArgumentOutOfRangeException.ThrowIfNegative(bound);
        return (double)count * bound + NoiseTail(noiseSigma, dimensions, failureExponent);
    }
}
