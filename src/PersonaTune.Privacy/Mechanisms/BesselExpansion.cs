using System.Numerics;

namespace PersonaTune.Privacy.Mechanisms;

/// <summary>
/// The uniform asymptotic expansion of the modified Bessel function (Olver 1974; DLMF 10.41.3), written with w = sqrt(v^2 + x^2):
/// I_x(v) = e^(w - x asinh(x / v)) / sqrt(2 pi w) S, S = sum over k of D_k(x^2 / w^2) / w^k, where U_k(p) = p^k D_k(p^2) are the Debye
/// polynomials. In this form it also holds for x = 0. With 14 terms it errs by less than 2^-140 for v above 10,000.
/// </summary>
internal static class BesselExpansion
{
    private const int Terms = 14;
    private const double SmallestExpanded = 1000;

    private static readonly Rational[][] Coefficients = Make();

    private static readonly double[][] Doubles =
        [.. Coefficients.Select(row => row.Select(c => c.Numerator.Sign < 0
            ? -new Rational(-c.Numerator, c.Denominator).ToDouble()
            : c.ToDouble()).ToArray())];

    /// <summary>S as a <see cref="FixedPoint"/> number, for w as one.</summary>
    public static BigInteger Sum(BigInteger w, BigInteger x)
    {
        var p = FixedPoint.Divide(x << FixedPoint.Bits, w);
        var y = FixedPoint.Multiply(p, p);
        BigInteger sum = BigInteger.Zero, power = FixedPoint.One;
        foreach (var row in Coefficients)
        {
            var value = BigInteger.Zero;
            for (var i = row.Length - 1; i >= 0; i--) value = FixedPoint.Multiply(value, y) + FixedPoint.Of(row[i]);
            sum += FixedPoint.Multiply(value, power);
            power = FixedPoint.Divide(power, w);
        }

        return sum;
    }

    /// <summary>ln(e^-v I_x(v)).</summary>
    public static double LogScaledI(long x, double v)
    {
        double n = Math.Abs(x), w = Math.Sqrt((v * v) + (n * n));
        return w < SmallestExpanded ? Series(n, v) : Expansion(n, v, w);
    }

    private static double Expansion(double n, double v, double w)
    {
        double sum = 0, power = 1, y = n / w * (n / w);
        for (var k = 0; k < 6 && power > 1e-18; k++)
        {
            var row = Doubles[k];
            var value = 0.0;
            for (var i = row.Length - 1; i >= 0; i--) value = (value * y) + row[i];
            sum += value * power;
            power /= w;
        }

        return (n * n / (w + v)) - (n * Math.Asinh(n / v)) - (0.5 * Math.Log(2 * Math.PI * w)) + Math.Log(sum);
    }

    // (v / 2)^n / n! times the sum of (v / 2)^2k / (k! (n + 1) ... (n + k)): all terms positive; divided by the running sum before it
    // overflows.
    private static double Series(double n, double v)
    {
        var half = 0.5 * v;
        double log = (n * Math.Log(half)) - v, sum = 1, term = 1;
        for (var i = 2; i <= n; i++) log -= Math.Log(i);
        for (var k = 1; term > sum * 1e-18; k++)
        {
            term *= half * half / (k * (n + k));
            sum += term;
            if (sum < 1e200) continue;
            log += Math.Log(sum);
            term /= sum;
            sum = 1;
        }

        return log + Math.Log(sum);
    }

    // U_(k+1)(p) = p^2 (1 - p^2) U_k'(p) / 2 + the integral of (1 - 5 t^2) U_k(t) from 0 to p, divided by 8 (DLMF 10.41.9), term by term.
    private static Rational[][] Make()
    {
        var rows = new Rational[Terms][];
        rows[0] = [1];
        for (var k = 0; k + 1 < Terms; k++)
        {
            var next = Enumerable.Repeat((Rational)0, k + 2).ToArray();
            for (var i = 0; i <= k; i++)
            {
                var m = k + (2 * i);
                var c = rows[k][i];
                next[i] += c * (((Rational)m / 2) + ((Rational)1 / (8 * (m + 1))));
                next[i + 1] -= c * (((Rational)m / 2) + ((Rational)5 / (8 * (m + 3))));
            }

            rows[k + 1] = next;
        }

        return rows;
    }
}
