using MathNet.Numerics;

namespace PersonaTune.Privacy.Accounting;

/// <summary>
/// Arithmetic on logarithms, and the two elementary functions near zero that .NET computes by the formula that loses their digits there.
/// </summary>
internal static class LogDomain
{
    /// <summary>log(1 + x) to a few units in the last place, by Kahan's correction.</summary>
    public static double Log1P(double x)
    {
        var sum = 1 + x;
        if (sum == 1) return x;
        return double.IsInfinity(sum) || sum == 0 ? Math.Log(sum) : Math.Log(sum) * (x / (sum - 1));
    }

    /// <summary>exp(x) - 1 to a few units in the last place, by Kahan's correction.</summary>
    public static double Expm1(double x)
    {
        if (Math.Abs(x) > 1) return Math.Exp(x) - 1;
        var power = Math.Exp(x);
        return power == 1 ? x : (power - 1) * (x / Math.Log(power));
    }

    /// <summary>log(exp(a) + exp(b)).</summary>
    public static double Add(double a, double b)
    {
        var (low, high) = a < b ? (a, b) : (b, a);
        return double.IsInfinity(high) || double.IsNegativeInfinity(low) ? high : high + Log1P(Math.Exp(low - high));
    }

    /// <summary>log(exp(x) - 1) for x above 0.</summary>
    public static double LogExpm1(double x) => x > 1 ? x + Log1P(-Math.Exp(-x)) : Math.Log(Expm1(x));

    /// <summary>log(1 + exp(x)).</summary>
    public static double Log1PExp(double x) => Add(0, x);

    /// <summary>log of the binomial coefficient n over k.</summary>
    public static double LogBinomial(int n, int k) =>
        SpecialFunctions.FactorialLn(n) - SpecialFunctions.FactorialLn(k) - SpecialFunctions.FactorialLn(n - k);
}
