using System.Numerics;
using FsCheck;
using FsCheck.Fluent;
using PersonaTune.Privacy.SecureAggregation;

namespace PersonaTune.Privacy.Tests.SecureAggregation.Primitives;

public class HypergeometricTests
{
    [Fact]
    public void Tails_and_quantiles_equal_exact_counting() =>
        Prop.ForAll(Gen.Choose(1, 300).ToArbitrary(), ArbMap.Default.ArbFor<int>(), (total, seed) =>
        {
            var random = new Random(seed);
            return Equal(total, random.Next(total + 1), random.Next(1, total + 1), Math.ScaleB(1, -random.Next(1, 60)));
        }).QuickCheckThrowOnFailure();

    [Theory]
    [InlineData(2000, 660, 986)] // the smallest probabilities are below the range of a double
    [InlineData(2000, 1600, 400)]
    public void Tails_of_large_populations_equal_exact_counting(int total, int marked, int drawn) =>
        Assert.True(Equal(total, marked, drawn, Math.ScaleB(1, -52)));

    private static bool Equal(int total, int marked, int drawn, double q)
    {
        var distribution = new Hypergeometric(total, marked, drawn);
        var (lower, upper) = (distribution.LowerQuantile(q), distribution.UpperQuantile(q));
        var below = new double[drawn + 2]; // P(X < x)
        var above = new double[drawn + 2]; // P(X >= x)
        var (all, sum) = (Binomial(total, drawn), BigInteger.Zero);
        for (var x = 0; x <= drawn + 1; x++)
        {
            (below[x], above[x]) = (Ratio(sum, all), Ratio(all - sum, all));
            if (Math.Abs(distribution.Below(x) - below[x]) > 1e-10 * below[x] + 1e-290) return false;
            sum += Binomial(marked, x) * Binomial(total - marked, drawn - x);
        }

        const double Rounding = 1 + 1e-10; // a probability equal to q but for rounding may fall on either side
        return below[lower] < q * Rounding && below[lower + 1] >= q / Rounding
            && above[upper + 1] < q * Rounding && above[Math.Max(0, upper)] >= q / Rounding;
    }

    private static double Ratio(BigInteger a, BigInteger b) => a.IsZero ? 0 : Math.Exp(BigInteger.Log(a) - BigInteger.Log(b));

    private static BigInteger Binomial(int n, int k)
    {
        if (k < 0 || k > n) return BigInteger.Zero;
        var result = BigInteger.One;
        for (var i = 1; i <= k; i++) result = result * (n - k + i) / i;
        return result;
    }
}
