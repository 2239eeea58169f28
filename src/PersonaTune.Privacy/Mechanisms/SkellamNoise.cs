using PersonaTune.Privacy.Accounting;

namespace PersonaTune.Privacy.Mechanisms;

/// <summary>
/// Skellam noise (Agarwal, Kairouz and Liu 2021): the difference of two independent Poisson variables of the same mean, P(x) = e^-v
/// I_x(v) for the variance v. Sums of independent Skellam variables are Skellam, so the shares of several devices add up to exactly the
/// noise of one.
/// </summary>
/// <remarks>
/// <para>Guarantee: added to an integer vector of L1 and L2 sensitivities D1 and D2, the RDP bound of Agarwal et al. (theorem 3.1), for
/// whichever neighbouring relation they were computed under.</para>
/// <para>Distribution drawn: up to v = 10,000 one table of 191-bit thresholds whose cut tail weighs less than 2^-131. Above, discrete
/// Gaussian proposals of variance v + 20 are accepted with probability a(x) = exp(x^2 / (2 (v + 20))) I_x(v) / I_0(v), at most 1 for
/// every proposal because I_x(v) / I_(x-1)(v) is at most exp(-asinh((x - 1/2) / v)) (Segura 2011). A double decides unless the uniform
/// number lies within 1e-11 of a(x); then a(x) is computed to 2^-140 by Olver's uniform expansion. In all:
/// <see cref="IntegerNoise.DistanceBound"/>.</para>
/// <para>Timing: the table as <see cref="DiscreteGaussianNoise"/>; above 10,000 the number of rejections (less than one in a thousand) is
/// independent of the values that are returned. Broken by: a sensitivity computed before rounding; a predictable source; fewer shares
/// than the accountant assumed.</para>
/// </remarks>
public sealed class SkellamNoise : IntegerNoise
{
    internal const double LargestTableVariance = 1e4;
    private const double LargestVariance = 1e13;

    private readonly MagnitudeTable? _table;
    private readonly DiscreteGaussianNoise? _proposal;
    private readonly SkellamAcceptance? _acceptance;

    /// <summary>Noise of total variance <paramref name="variance"/>: twice the mean of each Poisson variable.</summary>
    /// <param name="variance">1e-6 to 1e13, in squared integer units, as the exact value of the double.</param>
    /// <exception cref="ArgumentOutOfRangeException">The variance lies outside that range.</exception>
    public SkellamNoise(double variance)
        : this(variance, SkellamAcceptance.DefaultTolerance)
    {
    }

    /// <summary>
    /// As the public one, with the distance below which a double does not decide; tests enlarge it to take the exact path.
    /// </summary>
    internal SkellamNoise(double variance, double tolerance)
    {
        if (!(variance is >= 1e-6 and <= LargestVariance))
            throw new ArgumentOutOfRangeException(nameof(variance), variance,
                $"Skellam variance is {variance}, expected 1e-6 to {LargestVariance}; change the scale of the encoding");
        Variance = variance;
        var exact = Rational.Of(variance);
        if (variance <= LargestTableVariance)
        {
            _table = new MagnitudeTable(LatticeWeights.Skellam(exact));
            LargestMagnitude = _table.Count - 1;
            return;
        }

        _acceptance = new SkellamAcceptance(exact, tolerance);
        _proposal = DiscreteGaussianNoise.OfVariance(exact + SkellamAcceptance.Excess);
        LargestMagnitude = Math.Min(_proposal.LargestMagnitude, _acceptance.LargestMagnitude);
    }

    /// <inheritdoc/>
    public override double Variance { get; }

    /// <inheritdoc/>
    public override long LargestMagnitude { get; }

    internal MagnitudeTable? Table => _table;

    internal SkellamAcceptance? Acceptance => _acceptance;

    /// <summary>What an accountant must know if this noise was added to every coordinate of a vector.</summary>
    /// <param name="l1Sensitivity">L1 sensitivity of the integer vector.</param>
    /// <param name="l2Sensitivity">L2 sensitivity of the integer vector.</param>
    public SkellamEvent Event(double l1Sensitivity, double l2Sensitivity) => new(Variance, l1Sensitivity, l2Sensitivity);

    /// <inheritdoc/>
    public override double LogProbability(long value) => BesselExpansion.LogScaledI(value, Variance);

    /// <inheritdoc/>
    public override void Fill(INoiseSource source, Span<int> values)
    {
        ArgumentNullException.ThrowIfNull(source);
        if (_table is not null)
        {
            _table.Fill(source, values, signed: true);
            return;
        }

        Span<ulong> buffer = stackalloc ulong[256];
        while (!values.IsEmpty)
        {
            var block = values[..Math.Min(buffer.Length, values.Length)];
            _proposal!.Fill(source, block);
            using var words = new NoiseWords(source, buffer[..block.Length]);
            var kept = 0;
            foreach (var x in block)
            {
                block[kept] = x;
                if (_acceptance!.Accepts(x, source, words.Next())) kept++;
            }

            values = values[kept..];
        }
    }
}
