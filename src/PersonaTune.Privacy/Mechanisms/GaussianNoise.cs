using System.Runtime.InteropServices;
using System.Security.Cryptography;
using PersonaTune.Privacy.Accounting;

namespace PersonaTune.Privacy.Mechanisms;

/// <summary>Continuous Gaussian noise in floating point (Box and Muller 1958), from 53-bit uniforms.</summary>
/// <remarks>
/// <para>Guarantee: in real arithmetic, added to a vector of L2 sensitivity D it satisfies (D^2 / (2 sigma^2))-zCDP, for whichever
/// neighbouring relation D was computed under.</para>
/// <para>What floating point does not guarantee: the set of doubles that x + noise can take depends on x, and its low bits can give x
/// away whatever sigma is (Mironov 2012; Jin et al. 2022). Rounding to float hides most of it but is no proof; draws end at 8.6 sigma.
/// Where the guarantee must hold on a machine, encode to integers and use <see cref="DiscreteGaussianNoise"/> or
/// <see cref="SkellamNoise"/>.</para>
/// <para>Timing: logarithm, sine and cosine may depend on their argument. Broken by: a predictable source, or publishing unrounded
/// doubles.</para>
/// </remarks>
public sealed class GaussianNoise
{
    /// <summary>Noise with the given standard deviation.</summary>
    /// <param name="standardDeviation">Finite and not negative; 0 adds nothing and protects nothing.</param>
    /// <exception cref="ArgumentOutOfRangeException">The deviation is negative or not finite.</exception>
    public GaussianNoise(double standardDeviation)
    {
        if (!(standardDeviation >= 0 && double.IsFinite(standardDeviation)))
            throw new ArgumentOutOfRangeException(nameof(standardDeviation), standardDeviation,
                $"Gaussian standard deviation is {standardDeviation}, expected finite and at least 0; check multiplier and clip norm");
        StandardDeviation = standardDeviation;
    }

    /// <summary>The standard deviation of each coordinate.</summary>
    public double StandardDeviation { get; }

    /// <summary>What an accountant must know if this noise was added to every coordinate of a vector.</summary>
    /// <param name="l2Sensitivity">L2 sensitivity, above 0.</param>
    public PrivacyEvent Event(double l2Sensitivity)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(l2Sensitivity);
        return StandardDeviation == 0 ? new NonPrivateEvent() : new GaussianEvent(StandardDeviation / l2Sensitivity);
    }

    /// <summary>Adds an independent draw to each of <paramref name="values"/>; sums are formed in double and rounded once.</summary>
    /// <param name="source">The source of random bytes.</param>
    /// <param name="values">What to hide.</param>
    public void AddTo(INoiseSource source, Span<float> values)
    {
        Span<double> draws = stackalloc double[128];
        for (var first = 0; first < values.Length; first += draws.Length)
        {
            var part = values.Slice(first, Math.Min(draws.Length, values.Length - first));
            Fill(source, draws[..part.Length]);
            for (var i = 0; i < part.Length; i++) part[i] = (float)(part[i] + draws[i]);
        }

        CryptographicOperations.ZeroMemory(MemoryMarshal.AsBytes(draws));
    }

    /// <summary>Fills <paramref name="values"/> with independent draws.</summary>
    /// <param name="source">The source of random bytes.</param>
    /// <param name="values">Receives the draws.</param>
    public void Fill(INoiseSource source, Span<double> values)
    {
        ArgumentNullException.ThrowIfNull(source);
        Span<ulong> words = stackalloc ulong[128];
        while (!values.IsEmpty)
        {
            var count = Math.Min(words.Length, values.Length);
            var drawn = words[..((count + 1) & ~1)];
            source.Fill(MemoryMarshal.AsBytes(drawn));
            for (var i = 0; i < count; i += 2)
            {
                const double Unit = 1.0 / (1L << 53);
                var radius = StandardDeviation * Math.Sqrt(-2 * Math.Log(((drawn[i] >> 11) + 1) * Unit));
                var (sin, cos) = Math.SinCos(2 * Math.PI * Unit * (drawn[i + 1] >> 11));
                values[i] = radius * cos;
                if (i + 1 < count) values[i + 1] = radius * sin;
            }

            values = values[count..];
        }

        CryptographicOperations.ZeroMemory(MemoryMarshal.AsBytes(words));
    }
}
