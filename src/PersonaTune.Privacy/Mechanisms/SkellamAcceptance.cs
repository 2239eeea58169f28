using System.Numerics;
using System.Runtime.InteropServices;

namespace PersonaTune.Privacy.Mechanisms;

/// <summary>
/// The probability a(x) = exp(x^2 / (2 (v + 20))) I_x(v) / I_0(v) with which a discrete Gaussian proposal becomes a Skellam draw, for v
/// above 10,000. With w = sqrt(v^2 + x^2), ln I_x(v) = w - x asinh(x / v) - ln(2 pi w) / 2 + ln S, S the sum of
/// <see cref="BesselExpansion"/>.
/// </summary>
internal sealed class SkellamAcceptance
{
    /// <summary>
    /// How much larger the proposal's variance is. a(x) is at most 1 while x^2 is at most 12 v^2 (20 / (v + 20)), beyond 15 deviations.
    /// </summary>
    public const int Excess = 20;

    /// <summary>Hundreds of times the error of <see cref="Approximate"/>.</summary>
    public const double DefaultTolerance = 1e-11;

    private readonly Rational _variance;
    private readonly double _v;
    private readonly double _tolerance;
    private readonly ulong _certain;

    public SkellamAcceptance(Rational variance, double tolerance)
    {
        _variance = variance;
        _v = variance.ToDouble();
        _tolerance = tolerance;
        // With u = x^2 / v, at most 240: ln a(x) = (u^2 / 24 - 10 u - u / 4) / v + ..., at least -(600 + 60) / v, and at most 17 / v less
        // (u^3 / 80 v^2).
        _certain = (ulong)(LeastProbability * 18446744073709551616.0);
        LargestMagnitude = (long)(_v * Math.Sqrt(12.0 * Excess / (_v + Excess)));
    }

    /// <summary>Proposals beyond are refused; their probability is below 2^-150.</summary>
    public long LargestMagnitude { get; }

    /// <summary>No proposal in range is accepted with a smaller probability: 1 - 1000 / v.</summary>
    public double LeastProbability => 1 - (1000 / _v);

    /// <summary>Decides by the uniform 64-bit number <paramref name="word"/>, extended to 192 bits if it lies too close to a(x).</summary>
    public bool Accepts(int x, INoiseSource source, ulong word)
    {
        if (Math.Abs((long)x) > LargestMagnitude) return false;
        if (word < _certain) return true;
        var difference = (word * (1.0 / 18446744073709551616.0)) - Approximate(x);
        if (Math.Abs(difference) > _tolerance) return difference < 0;
        Span<ulong> more = stackalloc ulong[2];
        source.Fill(MemoryMarshal.AsBytes(more));
        var uniform = ((BigInteger)word << 128) + ((BigInteger)more[1] << 64) + more[0];
        return uniform << (FixedPoint.Bits - 192) < Exact(x);
    }

    /// <summary>a(x) in double precision: power series in t = x / v, which is at most 0.16.</summary>
    public double Approximate(int x)
    {
        var t = x / _v;
        var y = t * t;
        // v (sqrt(1 + t^2) - 1 - t asinh t) + x^2 / (2 v) = v (t^4/24 - t^6/80 + ...): the integral of t - asinh t.
        var series = ((((((((-6435.0 / 10027008 * y) + (429.0 / 491520)) * y) - (231.0 / 186368)) * y
            + (63.0 / 33792)) * y - (7.0 / 2304)) * y
            + (5.0 / 896)) * y - (1.0 / 80)) * y + (1.0 / 24);
        var quadratic = -0.5 * Excess / (_v + Excess) * y * _v;
        var root = Math.Sqrt(1 + y);
        var p2 = y / (1 + y);
        var w = _v * root;
        var correction = ((3 - (5 * p2)) / (24 * w)) + ((81 - (462 * p2) + (385 * p2 * p2)) / (1152 * w * w));
        var correction0 = (3 / (24 * _v)) + (81 / (1152 * _v * _v));
        return Math.Exp((_v * y * y * series) + quadratic) / Math.Sqrt(root) * ((1 + correction) / (1 + correction0));
    }

    /// <summary>a(x) as a <see cref="FixedPoint"/> number, to 2^-140.</summary>
    public BigInteger Exact(int x)
    {
        var v = FixedPoint.Of(_variance);
        var magnitude = BigInteger.Abs(x);
        var w = FixedPoint.Sqrt(FixedPoint.Multiply(v, v) + (magnitude * magnitude << FixedPoint.Bits));
        var asinh = FixedPoint.LogOfOnePlus(FixedPoint.Divide((magnitude << FixedPoint.Bits) + w - v, v));
        var quadratic = FixedPoint.Of((Rational)1 / ((_variance + Excess) * 2)) * magnitude * magnitude;
        var exponent = w - v - (magnitude * asinh) + quadratic;
        var exponential = exponent.Sign <= 0
            ? FixedPoint.ExpOfMinus(-exponent) : FixedPoint.Divide(FixedPoint.One, FixedPoint.ExpOfMinus(exponent));
        var ratio = FixedPoint.Divide(BesselExpansion.Sum(w, magnitude), BesselExpansion.Sum(v, BigInteger.Zero));
        return FixedPoint.Multiply(FixedPoint.Multiply(exponential, FixedPoint.Sqrt(FixedPoint.Divide(v, w))), ratio);
    }
}
