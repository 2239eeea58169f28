using PersonaTune.Privacy.Accounting;

namespace PersonaTune.Privacy.Mechanisms;

/// <summary>
/// Discrete Gaussian noise (Canonne, Kamath and Steinke 2020): P(x) proportional to exp(-x^2 / (2 sigma^2)) on the integers, sampled from
/// tables.
/// </summary>
/// <remarks>
/// <para>Guarantee: added to an integer vector of L2 sensitivity D it satisfies (D^2 / (2 sigma^2))-zCDP, for whichever neighbouring
/// relation D was computed under. No floating-point number takes part, so the attacks of Mironov (2012) do not apply.</para>
/// <para>Distribution drawn: up to sigma = 100 one table of 191-bit thresholds whose cut tail weighs less than 2^-131. Above, x = y + k z
/// with y and z discrete Gaussian of variances with var(y) + k^2 var(z) = sigma^2 exactly, z again so composed. For sd(y) sd(z) at least
/// 2.2 sigma the law of x differs from the discrete Gaussian of sigma at every point by a factor within 1 +- 2^-135 (Poisson summation:
/// the sum over z of a Gaussian of deviation s = sd(y) sd(z) / sigma differs from its integral by a factor within 1 +- 2.1 exp(-2 pi^2
/// s^2)). In all: <see cref="IntegerNoise.DistanceBound"/>.</para>
/// <para>Timing: no branch depends on a drawn value except at a tie that occurs once in about 2^53 draws; table addresses do, in tables
/// of at most 16 KiB. Processor caches are therefore the remaining channel.</para>
/// <para>Broken by: a sensitivity computed before rounding; a predictable source; adding fewer shares than the accountant assumed. A sum
/// of several discrete Gaussians is not one: the accountant adds the term of Kairouz, Liu and Steinke (2021, theorem 1).</para>
/// </remarks>
public sealed class DiscreteGaussianNoise : IntegerNoise
{
    private const double LargestSigma = 1e7;
    private const double LargestTableSigma = 100;
    private const double SmoothingFactor = 2.2;

    private readonly (MagnitudeTable Table, int Multiplier)[] _parts;
    private readonly double _logNormalizer;

    /// <summary>Noise with the parameter <paramref name="sigma"/>, in integer units.</summary>
    /// <param name="sigma">Above 0, at most 1e7; taken as the exact value of the double. The standard deviation is slightly smaller below
    /// about 1.</param>
    /// <exception cref="ArgumentOutOfRangeException">Sigma lies outside that range.</exception>
    public DiscreteGaussianNoise(double sigma)
        : this(sigma, Square(sigma))
    {
    }

    private DiscreteGaussianNoise(double sigma, Rational variance)
    {
        Sigma = sigma;
        _parts = [.. Decompose(variance)];
        LargestMagnitude = _parts.Aggregate((Sum: 0L, Factor: 1L), (s, part) =>
            (s.Sum + (s.Factor * (part.Table.Count - 1)), s.Factor * part.Multiplier)).Sum;
        (_logNormalizer, Variance) = Moments(sigma);
    }

    /// <summary>The parameter sigma, in integer units.</summary>
    public double Sigma { get; }

    /// <inheritdoc/>
    public override double Variance { get; }

    /// <inheritdoc/>
    public override long LargestMagnitude { get; }

    /// <summary>The tables: a draw is x0 + m0 (x1 + m1 (x2 + ...)).</summary>
    internal IReadOnlyList<(MagnitudeTable Table, int Multiplier)> Parts => _parts;

    /// <summary>What an accountant must know if this noise was added to every coordinate of a vector.</summary>
    /// <param name="l2Sensitivity">L2 sensitivity of the integer vector.</param>
    /// <param name="dimension">Number of coordinates.</param>
    public DiscreteGaussianEvent Event(double l2Sensitivity, int dimension) => new(Sigma, l2Sensitivity, dimension);

    /// <inheritdoc/>
    public override double LogProbability(long value) => LogProbability(value, Sigma, _logNormalizer);

    /// <inheritdoc/>
    public override void Fill(INoiseSource source, Span<int> values)
    {
        ArgumentNullException.ThrowIfNull(source);
        Span<int> inner = stackalloc int[256];
        while (!values.IsEmpty)
        {
            var block = values[..Math.Min(inner.Length, values.Length)];
            _parts[^1].Table.Fill(source, block, signed: true);
            for (var p = _parts.Length - 2; p >= 0; p--)
            {
                var draws = inner[..block.Length];
                _parts[p].Table.Fill(source, draws, signed: true);
                for (var i = 0; i < block.Length; i++) block[i] = draws[i] + (_parts[p].Multiplier * block[i]);
            }

            values = values[block.Length..];
        }

        System.Security.Cryptography.CryptographicOperations.ZeroMemory(System.Runtime.InteropServices.MemoryMarshal.AsBytes(inner));
    }

    /// <summary>Noise whose variance parameter is an exact rational; the proposal of other samplers.</summary>
    internal static DiscreteGaussianNoise OfVariance(Rational variance) => new(Math.Sqrt(variance.ToDouble()), variance);

    internal static double LogProbability(long value, double sigma, double logNormalizer)
    {
        var scaled = value / sigma;
        return (-0.5 * scaled * scaled) - logNormalizer;
    }

    /// <summary>The logarithm of the sum of all weights, and the variance.</summary>
    internal static (double LogNormalizer, double Variance) Moments(double sigma)
    {
        // Above 3 the sum equals its integral to far below a double's precision (Poisson summation).
        if (sigma > 3) return (Math.Log(sigma) + (0.5 * Math.Log(2 * Math.PI)), sigma * sigma);
        double sum = 1, squares = 0;
        for (var x = 1; x < 60 * Math.Max(sigma, 1); x++)
        {
            var weight = 2 * Math.Exp(-0.5 * (x / sigma) * (x / sigma));
            sum += weight;
            squares += weight * x * x;
        }

        return (Math.Log(sum), squares / sum);
    }

    internal static void Validate(double sigma)
    {
        if (!(sigma is > 0 and <= LargestSigma))
            throw new ArgumentOutOfRangeException(nameof(sigma), sigma,
                $"discrete Gaussian sigma is {sigma}, expected above 0 and at most {LargestSigma}; change the scale of the encoding");
    }

    private static Rational Square(double sigma)
    {
        Validate(sigma);
        var exact = Rational.Of(sigma);
        return exact * exact;
    }

    private static IEnumerable<(MagnitudeTable Table, int Multiplier)> Decompose(Rational variance)
    {
        var sigma = Math.Sqrt(variance.ToDouble());
        var levels = 1;
        while (Balanced(sigma, levels) > LargestTableSigma) levels++;
        for (; levels > 1; levels--)
        {
            var first = 1.02 * Balanced(sigma, levels);
            var firstVariance = Rational.Of(first * first);
            var rest = variance - firstVariance;
            var multiplier = (int)(Math.Sqrt(rest.ToDouble()) * first / (SmoothingFactor * sigma));
            yield return (new MagnitudeTable(LatticeWeights.Gaussian(firstVariance)), multiplier);
            variance = rest / (multiplier * multiplier);
            sigma = Math.Sqrt(variance.ToDouble());
        }

        yield return (new MagnitudeTable(LatticeWeights.Gaussian(variance)), 1);
    }

    /// <summary>The deviation of each part if <paramref name="levels"/> equal parts compose <paramref name="sigma"/>.</summary>
    private static double Balanced(double sigma, int levels) => Math.Pow(sigma * Math.Pow(SmoothingFactor, levels - 1), 1.0 / levels);
}
