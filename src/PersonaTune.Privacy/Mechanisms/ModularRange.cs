namespace PersonaTune.Privacy.Mechanisms;

/// <summary>The integers modulo 2^b, represented by -2^(b-1) to 2^(b-1) - 1, in which secure aggregation adds.</summary>
/// <remarks>Reducing a noised value modulo 2^b is post-processing: wrapping costs accuracy, never privacy.</remarks>
public readonly record struct ModularRange
{
    /// <summary>The integers modulo 2^<paramref name="bits"/>.</summary>
    /// <param name="bits">2 to 32.</param>
    public ModularRange(int bits)
    {
        if (bits is < 2 or > 32) throw new ArgumentOutOfRangeException(nameof(bits), bits, $"modulus has {bits} bits, expected 2 to 32");
        Bits = bits;
    }

    /// <summary>The number b of bits.</summary>
    public int Bits { get; }

    /// <summary>The smallest representative.</summary>
    public long Smallest => -(1L << (Bits - 1));

    /// <summary>The largest representative.</summary>
    public long Largest => (1L << (Bits - 1)) - 1;

    /// <summary>The representative of <paramref name="value"/>.</summary>
    public int Reduce(long value) => (int)(value << (64 - Bits) >> (64 - Bits));

    /// <summary>True if <paramref name="value"/> is its own representative.</summary>
    public bool Holds(long value) => value >= Smallest && value <= Largest;

    /// <summary>True if no sum of <paramref name="count"/> values of at most <paramref name="largestMagnitude"/> can wrap.</summary>
    /// <param name="count">Number of summands.</param>
    /// <param name="largestMagnitude">Bound of each, encoded value and noise share together.</param>
    public bool HoldsSum(int count, long largestMagnitude) => (Int128)count * largestMagnitude <= Largest;

    /// <summary>
    /// An upper bound of the probability that any coordinate of the sum wraps after a <see cref="RandomRotation"/> whose seed the updates
    /// do not depend on: 2 d exp(-L^2 / (2 s^2)), s^2 = (n c)^2 / d + n / 4 + n v (sub-Gaussian; Kairouz, Liu and Steinke 2021, section 4).
    /// </summary>
    /// <remarks>
    /// Holds for unconditional rounding and discrete Gaussian noise. Conditional rounding multiplies it by at most (1 - beta)^-n, Skellam
    /// noise has slightly heavier tails; both are far inside the distance between a practical s and L.
    /// </remarks>
    /// <param name="count">Number n of summands.</param>
    /// <param name="scaledNorm">Bound c of each vector's L2 norm before rounding, in integer units.</param>
    /// <param name="dimension">Number d of padded coordinates.</param>
    /// <param name="noiseVariance">Variance v of each summand's noise.</param>
    public double WrapProbability(int count, double scaledNorm, int dimension, double noiseVariance)
    {
        var variance = (count * scaledNorm * count * scaledNorm / dimension) + (count * (0.25 + noiseVariance));
        return Math.Min(1, 2 * dimension * Math.Exp(-0.5 * Largest / variance * Largest));
    }
}
