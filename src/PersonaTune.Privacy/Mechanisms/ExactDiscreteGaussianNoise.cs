using System.Numerics;
using PersonaTune.Privacy.Accounting;

namespace PersonaTune.Privacy.Mechanisms;

/// <summary>
/// Discrete Gaussian noise by exact rejection (Canonne, Kamath and Steinke 2020, algorithm 3): every probability is exactly the stated
/// one, given uniform bits. For few values, and as the reference of <see cref="DiscreteGaussianNoise"/>, which is hundreds of times faster.
/// </summary>
/// <remarks>
/// Guarantee and what breaks it as <see cref="DiscreteGaussianNoise"/>, with distance 0. Its running time depends on the value drawn,
/// which Jin et al. (2022) exploit: do not use it where an observer can time single draws.
/// </remarks>
public sealed class ExactDiscreteGaussianNoise : IntegerNoise
{
    private readonly Rational _variance;
    private readonly BigInteger _t;
    private readonly double _logNormalizer;

    /// <summary>Noise with the parameter <paramref name="sigma"/>, in integer units.</summary>
    /// <param name="sigma">Above 0, at most 1e7; taken as the exact value of the double.</param>
    /// <exception cref="ArgumentOutOfRangeException">Sigma lies outside that range.</exception>
    public ExactDiscreteGaussianNoise(double sigma)
    {
        DiscreteGaussianNoise.Validate(sigma);
        Sigma = sigma;
        _variance = Rational.Of(sigma) * Rational.Of(sigma);
        _t = (BigInteger)Math.Floor(sigma) + 1;
        (_logNormalizer, Variance) = DiscreteGaussianNoise.Moments(sigma);
    }

    /// <summary>The parameter sigma, in integer units.</summary>
    public double Sigma { get; }

    /// <inheritdoc/>
    public override double Variance { get; }

    /// <inheritdoc/>
    public override double DistanceBound => 0;

    /// <summary>Unbounded in law; a draw beyond 32 bits (probability below e^-20,000) throws <see cref="OverflowException"/>.</summary>
    public override long LargestMagnitude => int.MaxValue;

    /// <summary>What an accountant must know if this noise was added to every coordinate of a vector.</summary>
    /// <param name="l2Sensitivity">L2 sensitivity of the integer vector.</param>
    /// <param name="dimension">Number of coordinates.</param>
    public DiscreteGaussianEvent Event(double l2Sensitivity, int dimension) => new(Sigma, l2Sensitivity, dimension);

    /// <inheritdoc/>
    public override double LogProbability(long value) => DiscreteGaussianNoise.LogProbability(value, Sigma, _logNormalizer);

    /// <inheritdoc/>
    public override void Fill(INoiseSource source, Span<int> values)
    {
        ArgumentNullException.ThrowIfNull(source);
        var random = new ExactRandom(source);
        for (var i = 0; i < values.Length; i++) values[i] = (int)Sample(random);
    }

    private BigInteger Sample(ExactRandom random)
    {
        // Accept a Laplace draw y of scale t with probability exp(-(|y| - sigma^2 / t)^2 / (2 sigma^2)); all over t sigma^2's denominator.
        var (n, d) = (_variance.Numerator, _variance.Denominator);
        while (true)
        {
            var y = random.Laplace(BigInteger.One, _t);
            var distance = (BigInteger.Abs(y) * _t * d) - n;
            if (random.BernoulliExp(distance * distance, 2 * n * d * _t * _t)) return y;
        }
    }
}
