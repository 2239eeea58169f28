using MathNet.Numerics;

namespace PersonaTune.Privacy.Accounting;

/// <summary>
/// The binomial distribution with probability 1/2, with full relative accuracy at a million trials, where differences of log-gamma values
/// keep eight digits: point masses by Loader's saddle-point expansion (2000), tails as a point mass times a positive series.
/// </summary>
internal static class FairBinomial
{
    /// <summary>P(X = k) for X from Bin(trials, 1/2).</summary>
    public static double Mass(int trials, int k)
    {
        var rest = trials - k;
        if (k == 0 || rest == 0) return Math.Pow(0.5, trials);
        var half = trials / 2.0;
        var exponent = StirlingError(trials) - StirlingError(k) - StirlingError(rest) - Deviance(k, half) - Deviance(rest, half);
        return Math.Exp(exponent) * Math.Sqrt(trials / (2 * Math.PI * k * rest));
    }

    /// <summary>P(X at most k) divided by P(X = k): 1 + k / (n - k + 1) + k (k - 1) / ((n - k + 1) (n - k + 2)) + ...</summary>
    public static double TailOverMass(int trials, int k)
    {
        var (sum, term) = (1.0, 1.0);
        for (var j = k; j > 0; j--)
        {
            term *= j / (double)(trials - j + 1);
            sum += term;
            if (term < 1e-18 * sum) break;
        }

        return sum;
    }

    // log(n!) - log(sqrt(2 pi n) (n / e)^n)
    private static double StirlingError(int n)
    {
        if (n < 16) return SpecialFunctions.FactorialLn(n) - (((n + 0.5) * Math.Log(n)) - n + (0.5 * Math.Log(2 * Math.PI)));
        var square = (double)n * n;
        return ((1 / 12.0) - (((1 / 360.0) - (((1 / 1260.0) - (1 / (1680.0 * square))) / square)) / square)) / n;
    }

    // x log(x / m) + m - x, by its series where the three parts nearly cancel.
    private static double Deviance(double x, double m)
    {
        var distance = x - m;
        if (Math.Abs(distance) >= 0.1 * (x + m)) return (x * Math.Log(x / m)) - distance;
        var v = distance / (x + m);
        var (sum, power) = (distance * v, 2 * x * v);
        for (var j = 1; j < 100; j++)
        {
            power *= v * v;
            var next = sum + (power / ((2 * j) + 1));
            if (next == sum) break;
            sum = next;
        }

        return sum;
    }
}
