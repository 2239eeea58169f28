using System.Numerics;
using PersonaTune.Privacy.Accounting;
using static PersonaTune.Privacy.Tests.Accounting.ReferenceCells;

namespace PersonaTune.Privacy.Tests.Accounting;

/// <summary>
/// Sampling without replacement against dp_accounting 0.6.0 (b0, b1). With sigma = 10 its forward differences cancel and it reports up to
/// 21 % more than the theorem gives; those rows are compared with the theorem evaluated in exact integer arithmetic instead.
/// </summary>
public class RdpFixedSizeSamplingTests
{
    private static readonly Lazy<double[]> ExactDifferences = new(() => LogEvenDifferences(10, 256));

    [Fact]
    public void The_curve_agrees_with_dp_accounting_or_where_that_cancels_with_exact_arithmetic()
    {
        var cancelled = 0;
        All("b0_rdp_curve_wor_gaussian.csv", row =>
        {
            var (sigma, gamma, order) = (Number(row[0]), Number(row[2]) / Number(row[1]), Number(row[3]));
            var ours = new RenyiFixedSizeSampling(sigma, [order]).Curve(gamma, [order])[0];
            var differs = Differs(Number(row[4]), ours, 1e-9, Rounding(order));
            if (differs is null || sigma != 10 || !IsWhole(order) || order > 256) return differs;
            cancelled++;
            return Differs(ExactBound(sigma, gamma, (int)order), ours, 1e-9) ?? Above(Number(row[4]), ours, 0);
        });
        Assert.Equal(5, cancelled);
    }

    // The 5 rows above are a sample: at sigma = 10 every order up to 256 is checked here, at small and large samples.
    [Theory]
    [InlineData(0.0001)]
    [InlineData(0.05)]
    [InlineData(0.5)]
    public void Orders_up_to_256_agree_with_exact_arithmetic(double gamma)
    {
        double[] orders = [.. Enumerable.Range(2, 255).Select(order => (double)order)];
        var curve = new RenyiFixedSizeSampling(10, orders).Curve(gamma, orders);
        for (var i = 0; i < orders.Length; i++)
            Assert.Null(Differs(ExactBound(10, gamma, (int)orders[i]), curve[i], 1e-9, Rounding(orders[i])));
    }

    [Fact]
    public void Epsilon_agrees_with_dp_accounting_or_where_that_cancels_with_exact_arithmetic()
    {
        var cancelled = 0;
        All("b1_rdp_eps_wor_gaussian.csv", row =>
        {
            var sampled = new SampledWithoutReplacementEvent(Whole(row[1]), Whole(row[2]), new GaussianEvent(Number(row[0])));
            var ours = new RdpAccountant(NeighbouringRelation.ReplaceOne).Compose(sampled, Whole(row[3])).FindEpsilon(Number(row[4]));
            var differs = Differs(Number(row[5]), ours.Value, 1e-9) ?? Differs(Number(row[6]), ours.Order, 0);
            if (differs is null || Number(row[0]) != 10) return differs;
            cancelled++;

            // Interpolated orders have no exact counterpart here. Rounding that cancels goes either way: one row is 7e-9 too low.
            if (!IsWhole(ours.Order)) return Above(Number(row[5]), ours.Value, 1e-8);
            var exact = ExactBound(10, Number(row[2]) / Number(row[1]), (int)ours.Order) * Whole(row[3]);
            return Differs(RdpConversion.Epsilon([ours.Order], [exact], Number(row[4])).Value, ours.Value, 1e-9)
                ?? Above(Number(row[5]), ours.Value, 1e-8);
        });
        Assert.InRange(cancelled, 1, 40);
    }

    [Fact]
    public void The_whole_data_set_costs_the_whole_mechanism_and_an_empty_sample_nothing()
    {
        double[] orders = [1.5, 2, 300, double.PositiveInfinity];
        var sampling = new RenyiFixedSizeSampling(2, orders);
        Assert.Equal(RenyiClosedForm.Gaussian(2, orders), sampling.Curve(1, orders));
        Assert.Equal(new double[4], sampling.Curve(0, orders));
    }

    // Wang, Balle and Kasiviswanathan 2019, theorem 27, term by term.
    private static double ExactBound(double sigma, double gamma, int order)
    {
        var terms = new List<double> { 0 };
        var binomial = BigInteger.One * order * (order - 1) / 2;
        for (var l = 2; l <= order; l++)
        {
            var bounded = Math.Log(2) + (l * (l - 1) / (2 * sigma * sigma));
            var sharp = l == 2
                ? Math.Log(4) + Math.Log(Math.Exp(1 / (sigma * sigma)) - 1)
                : Math.Log(4) + ((ExactDifferences.Value[l / 2] + ExactDifferences.Value[(l + 1) / 2]) / 2);
            terms.Add((l * Math.Log(gamma)) + BigInteger.Log(binomial) + Math.Min(sharp, bounded));
            binomial = binomial * (order - l) / (l + 1);
        }

        var largest = terms.Max();
        return (largest + Math.Log(terms.OrderBy(term => term).Sum(term => Math.Exp(term - largest)))) / (order - 1);
    }

    // log of sum over k of (-1)^(l - k) C(l, k) r^(k (k - 1) / 2) with r = exp(1 / sigma^2), in fixed point with 2,048 fractional bits.
    private static double[] LogEvenDifferences(int sigma, int largest)
    {
        const int bits = 2048;
        var one = BigInteger.One << bits;
        var (ratio, term) = (one, one);
        for (var k = 1; !term.IsZero; k++)
        {
            term /= (BigInteger)sigma * sigma * k;
            ratio += term;
        }

        // f(k + 1) = f(k) r^k.
        var (moments, power) = (new BigInteger[largest + 2], one);
        moments[0] = one;
        for (var k = 0; k <= largest; k++)
        {
            moments[k + 1] = (moments[k] * power) >> bits;
            power = (power * ratio) >> bits;
        }

        var logs = new double[(largest / 2) + 2];
        for (var l = 2; l <= largest + 1; l++)
        {
            // Repeated differences in place: after l rounds moments[0] is the l-th difference.
            if (l == 2) Difference(moments);
            Difference(moments);
            if (l % 2 == 0) logs[l / 2] = BigInteger.Log(moments[0]) - (bits * Math.Log(2));
        }

        return logs;
    }

    private static void Difference(BigInteger[] values)
    {
        for (var k = 0; k < values.Length - 1; k++) values[k] = values[k + 1] - values[k];
    }
}
