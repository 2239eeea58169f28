using MathNet.Numerics;

namespace PersonaTune.Privacy.Accounting;

/// <summary>
/// The standard normal distribution and the scaled complementary error function, accurate in relative terms in both tails.
/// </summary>
internal static class PldNormal
{
    private const double SqrtHalf = 0.70710678118654752440;
    private const double InverseSqrtPi = 0.56418958354775628695;

    // Below this the product exp(x^2) erfc(x) loses less than 1e-15; above it the continued fraction needs at most 40 terms.
    private const double ContinuedFractionFrom = 2.5;

    /// <summary>(P[X &lt;= x], P[X &gt; x]); neither suffers from cancellation.</summary>
    public static (double Below, double Above) Split(double x)
    {
        var smaller = 0.5 * SpecialFunctions.Erfc(Math.Abs(x) * SqrtHalf);
        return x < 0 ? (smaller, 1 - smaller) : (1 - smaller, smaller);
    }

    public static double Cdf(double x) => Split(x).Below;

    /// <summary>exp(x^2) erfc(x); infinite below about -26.6.</summary>
    public static double Erfcx(double x)
    {
        if (x < 0) return 2 * Math.Exp(x * x) - Erfcx(-x);
        if (x < ContinuedFractionFrom) return Math.Exp(x * x) * SpecialFunctions.Erfc(x);
        if (double.IsPositiveInfinity(x)) return 0;

        // Laplace's continued fraction x + (1/2)/(x + (2/2)/(x + (3/2)/(x + ...))), evaluated from its tail; the error after n terms falls
        // like exp(-2 x sqrt(2 n)).
        var terms = 8 + (int)Math.Ceiling(200 / (x * x));
        var tail = x;
        for (var k = terms; k >= 1; k--) tail = x + 0.5 * k / tail;
        return InverseSqrtPi / tail;
    }

    /// <summary>
    /// Phi(a) - exp(epsilon) Phi(b) where exp(epsilon) phi(b) = phi(a) and b &lt;= 0: the hockey-stick divergence of two Gaussians.
    /// </summary>
    public static double HockeyStick(double a, double b)
    {
        // exp(epsilon) Phi(b) = exp(-a^2/2) erfcx(-b/sqrt 2)/2, because the two densities differ by the factor exp(epsilon) at the cut.
        var scale = 0.5 * Math.Exp(-0.5 * a * a);
        var lower = scale == 0 ? 0 : scale * Erfcx(-b * SqrtHalf);
        if (a > 0) return Math.Clamp(Cdf(a) - lower, 0, 1);
        return scale == 0 ? 0 : Math.Max(0, scale * Erfcx(-a * SqrtHalf) - lower);
    }
}
