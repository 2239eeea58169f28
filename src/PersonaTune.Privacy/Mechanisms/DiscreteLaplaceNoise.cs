using PersonaTune.Privacy.Accounting;

namespace PersonaTune.Privacy.Mechanisms;

/// <summary>
/// Discrete Laplace noise (two-sided geometric; Ghosh, Roughgarden and Sundararajan 2009): P(x) proportional to exp(-a |x|) on the
/// integers.
/// </summary>
/// <remarks>
/// <para>Guarantee: added to integers of L1 sensitivity D it satisfies (a D)-DP up to <see cref="IntegerNoise.DistanceBound"/>, for
/// whichever neighbouring relation D was computed under.</para>
/// <para>Distribution drawn: the difference of two geometric variables. The digits of a geometric variable in base 256 are independent
/// truncated geometrics, so each is one table of 191-bit thresholds; only the top digit has a cut tail, below 2^-131.</para>
/// <para>Timing: as <see cref="DiscreteGaussianNoise"/>. Broken by: a sensitivity computed before rounding, or a predictable source.</para>
/// </remarks>
public sealed class DiscreteLaplaceNoise : IntegerNoise
{
    private const int DigitBits = 8;
    private const double SmallestParameter = 1e-6;
    private const double LargestParameter = 1e3;

    private readonly MagnitudeTable[] _digits;

    /// <summary>Noise with the parameter <paramref name="a"/>.</summary>
    /// <param name="a">1e-6 to 1000, as the exact value of the double; epsilon divided by the L1 sensitivity.</param>
    /// <exception cref="ArgumentOutOfRangeException">The parameter lies outside that range.</exception>
    public DiscreteLaplaceNoise(double a)
    {
        Validate(a);
        Parameter = a;
        var digits = new List<MagnitudeTable>();
        var rate = Rational.Of(a);
        for (; rate.ToDouble() < 0.1; rate *= 1 << DigitBits)
            digits.Add(new MagnitudeTable(LatticeWeights.Geometric(rate, 1 << DigitBits)));
        digits.Add(new MagnitudeTable(LatticeWeights.Geometric(rate)));
        _digits = [.. digits];
        LargestMagnitude = ((long)_digits[^1].Count << (DigitBits * (_digits.Length - 1))) - 1;
    }

    /// <summary>The parameter a.</summary>
    public double Parameter { get; }

    /// <inheritdoc/>
    public override double Variance => VarianceOf(Parameter);

    /// <inheritdoc/>
    public override long LargestMagnitude { get; }

    /// <summary>The tables of the digits of one geometric variable, lowest first.</summary>
    internal IReadOnlyList<MagnitudeTable> Digits => _digits;

    /// <summary>What an accountant must know if this noise was added.</summary>
    /// <param name="l1Sensitivity">L1 sensitivity in integer units.</param>
    public DiscreteLaplaceEvent Event(int l1Sensitivity) => new(Parameter, l1Sensitivity);

    /// <inheritdoc/>
    public override double LogProbability(long value) => LogProbability(value, Parameter);

    /// <inheritdoc/>
    public override void Fill(INoiseSource source, Span<int> values)
    {
        ArgumentNullException.ThrowIfNull(source);
        Span<int> digit = stackalloc int[256];
        while (!values.IsEmpty)
        {
            var block = values[..Math.Min(digit.Length, values.Length)];
            block.Clear();
            for (var sign = 1; sign >= -1; sign -= 2)
            {
                for (var d = 0; d < _digits.Length; d++)
                {
                    var draws = digit[..block.Length];
                    _digits[d].Fill(source, draws, signed: false);
                    var factor = sign << (DigitBits * d);
                    for (var i = 0; i < block.Length; i++) block[i] += factor * draws[i];
                }
            }

            values = values[block.Length..];
        }

        System.Security.Cryptography.CryptographicOperations.ZeroMemory(System.Runtime.InteropServices.MemoryMarshal.AsBytes(digit));
    }

    internal static double VarianceOf(double a)
    {
        var half = Math.Sinh(0.5 * a); // 2 e^-a / (1 - e^-a)^2 = 1 / (2 sinh^2(a / 2))
        return 0.5 / (half * half);
    }

    internal static double LogProbability(long value, double a) => Math.Log(Math.Tanh(0.5 * a)) - (a * Math.Abs((double)value));

    internal static void Validate(double a)
    {
        if (!(a is >= SmallestParameter and <= LargestParameter))
            throw new ArgumentOutOfRangeException(nameof(a), a,
                $"discrete Laplace parameter is {a}, expected {SmallestParameter} to {LargestParameter}; change the scale of the encoding");
    }
}
