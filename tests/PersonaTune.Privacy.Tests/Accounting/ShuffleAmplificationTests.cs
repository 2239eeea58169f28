using System.Numerics;
using PersonaTune.Privacy.Accounting;
using static PersonaTune.Privacy.Tests.Accounting.ReferenceCells;

namespace PersonaTune.Privacy.Tests.Accounting;

/// <summary>Amplification by shuffling against Apple's ml-shuffling-amplification (k1).</summary>
public class ShuffleAmplificationTests
{
    // Their bisection halves ten times from its start: the closed form where that applies, epsilon0 elsewhere.
    private const double Halvings = 1024;

    [Fact]
    public void The_closed_form_agrees_with_Apples() =>
        All("k1_shuffle_amplification.csv", row =>
        {
            var ours = ShuffleAmplification.ClosedForm(Whole(row[0]), Number(row[1]), Number(row[2]));
            var regime = ours < Number(row[1]) ? "valid" : "invalid_regime";
            return row[3] == regime ? Differs(Number(row[4]), ours, 1e-13) : $"regime {regime}";
        });

    // Theirs steps over the values of C in blocks and takes the largest or smallest of each; ours sums every value, so it lies between,
    // up to the resolution of their bisection, whose end is always rounded up. 22 of 48 rows state no numerical bound; for those ours
    // must be below the closed form.
    [Fact]
    public void The_numerical_bounds_lie_between_Apples()
    {
        var stated = 0;
        All("k1_shuffle_amplification.csv", row =>
        {
            var (reports, local, delta) = (Whole(row[0]), Number(row[1]), Number(row[2]));
            var upper = ShuffleAmplification.UpperBound(reports, local, delta);
            var lower = ShuffleAmplification.LowerBound(reports, local, delta);
            if (!(lower <= upper && upper - lower <= 3e-6 * local)) return $"ours {lower:R} to {upper:R}";
            if (upper > Number(row[4])) return $"ours {upper:R} is above the closed form";
            if (row[5].Length == 0) return null;
            stated++;
            var resolution = Number(row[4]) / Halvings;
            return lower >= Number(row[6]) - resolution && upper <= Number(row[5]) ? null : $"ours {lower:R} to {upper:R}";
        });
        Assert.Equal(26, stated);
    }

    // The reduction by definition, with binomial masses as exact fractions: sum over every C and count of max(0, P - exp(epsilon) Q).
    [Theory]
    [InlineData(2, 1.0, 0.1)]
    [InlineData(9, 0.5, 0.0)]
    [InlineData(40, 1.3, 0.4)]
    [InlineData(41, 4.0, 3.5)]
    public void Delta_is_the_sum_over_every_outcome(int reports, double local, double epsilon)
    {
        var keep = Math.Exp(local) / (1 + Math.Exp(local));
        var (expected, inside) = (0.0, Math.Exp(-local));
        for (var c = 0; c < reports; c++)
        {
            double Fair(int a) => a < 0 || a > c ? 0 : (double)Choose(c, a) / Math.Pow(2, c);
            var mass = (double)Choose(reports - 1, c) * Math.Pow(inside, c) * Math.Pow(1 - inside, reports - 1 - c);
            for (var a = 0; a <= c + 1; a++)
            {
                var (p, q) = ((keep * Fair(a)) + ((1 - keep) * Fair(a - 1)), ((1 - keep) * Fair(a)) + (keep * Fair(a - 1)));
                expected += mass * Math.Max(0, p - (Math.Exp(epsilon) * q));
            }
        }

        Assert.Null(Differs(expected, new ShuffleReduction(reports, local, 1e-18).Delta(epsilon), 1e-11, 1e-17));
    }

    [Fact]
    public void Binomial_masses_and_tails_are_exact_at_ten_thousand_trials()
    {
        const int trials = 10_000;
        var tail = BigInteger.Zero;
        var term = BigInteger.One;
        for (var k = 0; k <= trials / 2; k++)
        {
            tail += term;
            if (k is 7 or 3000 or 4700 or 4999 or 5000)
            {
                var log = BigInteger.Log(term) - (trials * Math.Log(2));
                Assert.Null(Differs(Math.Exp(log), FairBinomial.Mass(trials, k), 1e-11));
                Assert.Null(Differs(Math.Exp(BigInteger.Log(tail) - BigInteger.Log(term)), FairBinomial.TailOverMass(trials, k), 1e-11));
            }

            term = term * (trials - k) / (k + 1);
        }
    }

    [Fact]
    public void More_reports_amplify_more()
    {
        double Upper(int reports) => ShuffleAmplification.UpperBound(reports, 1, 1e-6);
        Assert.True(Upper(100_000) < Upper(10_000) && Upper(10_000) < Upper(1000) && Upper(1000) < 1);
    }

    [Fact]
    public void Values_out_of_range_are_refused()
    {
        Assert.Throws<ArgumentOutOfRangeException>(() => ShuffleAmplification.ClosedForm(1, 1, 1e-6));
        Assert.Throws<ArgumentOutOfRangeException>(() => ShuffleAmplification.UpperBound(100, 0, 1e-6));
        Assert.Throws<ArgumentOutOfRangeException>(() => ShuffleAmplification.LowerBound(100, 1, 0));
        Assert.Throws<ArgumentOutOfRangeException>(() => ShuffleAmplification.UpperBound(100, 1, 1e-6, tolerance: 0));
    }

    private static BigInteger Choose(int n, int k)
    {
        var result = BigInteger.One;
        for (var i = 0; i < k; i++) result = result * (n - i) / (i + 1);
        return result;
    }
}
