using PersonaTune.Privacy.Accounting;

namespace PersonaTune.Privacy.Mechanisms;

/// <summary>
/// Discrete Laplace noise by exact rejection (Canonne, Kamath and Steinke 2020, algorithm 2). For few values, and as the reference of
/// <see cref="DiscreteLaplaceNoise"/>.
/// </summary>
/// <remarks>Guarantee as <see cref="DiscreteLaplaceNoise"/>, with distance 0. Its running time depends on the value drawn.</remarks>
public sealed class ExactDiscreteLaplaceNoise : IntegerNoise
{
    private readonly Rational _rate;

    /// <summary>Noise with P(x) proportional to exp(-<paramref name="a"/> |x|).</summary>
    /// <param name="a">1e-6 to 1000, as the exact value of the double.</param>
    /// <exception cref="ArgumentOutOfRangeException">The parameter lies outside that range.</exception>
    public ExactDiscreteLaplaceNoise(double a)
    {
        DiscreteLaplaceNoise.Validate(a);
        Parameter = a;
        _rate = Rational.Of(a);
    }

    /// <summary>The parameter a.</summary>
    public double Parameter { get; }

    /// <inheritdoc/>
    public override double Variance => DiscreteLaplaceNoise.VarianceOf(Parameter);

    /// <inheritdoc/>
    public override double DistanceBound => 0;

    /// <summary>Unbounded in law; a draw beyond 32 bits (probability below e^-2,000) throws <see cref="OverflowException"/>.</summary>
    public override long LargestMagnitude => int.MaxValue;

    /// <summary>What an accountant must know if this noise was added.</summary>
    /// <param name="l1Sensitivity">L1 sensitivity in integer units.</param>
    public DiscreteLaplaceEvent Event(int l1Sensitivity) => new(Parameter, l1Sensitivity);

    /// <inheritdoc/>
    public override double LogProbability(long value) => DiscreteLaplaceNoise.LogProbability(value, Parameter);

    /// <inheritdoc/>
    public override void Fill(INoiseSource source, Span<int> values)
    {
        ArgumentNullException.ThrowIfNull(source);
        var random = new ExactRandom(source);
        for (var i = 0; i < values.Length; i++) values[i] = (int)random.Laplace(_rate.Numerator, _rate.Denominator);
    }
}
