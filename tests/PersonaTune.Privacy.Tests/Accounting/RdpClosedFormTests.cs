using PersonaTune.Privacy.Accounting;
using static PersonaTune.Privacy.Tests.Accounting.ReferenceCells;

namespace PersonaTune.Privacy.Tests.Accounting;

/// <summary>Rényi curves in closed form against dp_accounting 0.6.0 (c3, e), Google's distributed_dp (i2, i3) and direct sums.</summary>
public class RdpClosedFormTests
{
    [Fact]
    public void Laplace_pure_and_randomized_response_curves_agree_with_dp_accounting() =>
        All("c3_rdp_curve_other.csv", row =>
        {
            double[] order = [Number(row[3])];
            var ours = row[0] switch
            {
                "laplace" => RenyiClosedForm.Laplace(1 / Number(row[1]), order),
                "eps_dp" => RenyiClosedForm.Pure(Number(row[1]), order),
                "randomized_response_replace_one" => RenyiClosedForm.RandomizedResponseReplaceOne(Number(row[1]), Whole(row[2]), order),
                "randomized_response_replace_special" =>
                    RenyiClosedForm.RandomizedResponseReplaceSpecial(Number(row[1]), Whole(row[2]), order),
                _ => throw new InvalidDataException($"unknown mechanism '{row[0]}'"),
            };
            return Differs(Number(row[4]), ours[0], 1e-12);
        });

    [Fact]
    public void Tree_aggregation_agrees_with_dp_accounting() =>
        All("e_rdp_tree_aggregation.csv", row =>
        {
            var tree = new TreeAggregationEvent(Number(row[0]), [.. row[1].Split('|').Select(Whole)]);
            var ours = new RdpAccountant(NeighbouringRelation.ReplaceSpecial).Compose(tree).FindEpsilon(Number(row[3]));
            double[] order = [2];
            var depth = RenyiClosedForm.TreeAggregation(1, tree.StepCounts, order)[0];
            return Differs(Number(row[4]), ours.Value, 1e-12)
                ?? Differs(Number(row[5]), ours.Order, 0)
                ?? Differs(Number(row[2]), depth, 0);
        });

    // The table's scale multiplies sensitivities given in unscaled units; the event is in integer units.
    [Fact]
    public void Skellam_agrees_with_distributed_dp() =>
        All("i2_skellam_rdp_formula.csv", row =>
        {
            var scale = Number(row[3]);
            var (variance, l1, l2) = (Number(row[2]) * scale * scale, Number(row[0]) * scale, Number(row[1]) * scale);
            return Differs(Number(row[5]), RenyiClosedForm.Skellam(variance, l1, l2, [Number(row[4])])[0], 1e-12);
        });

    [Fact]
    public void Generic_Poisson_sampling_agrees_with_distributed_dp() =>
        All("i3_zhu_wang_generic_poisson_subsample_rdp.csv", row =>
        {
            var (q, sigma) = (Number(row[0]), Number(row[1]));
            double[] order = [Number(row[2])];
            double[] Gaussian(double[] orders) => RenyiClosedForm.Gaussian(sigma, orders);
            return Differs(Number(row[3]), RenyiPoissonSampling.Curve(q, Gaussian, order)[0], 1e-9)
                ?? Differs(Number(row[4]), RenyiPoissonSampling.Curve(q, Gaussian, order, oddMomentsNonNegative: true)[0], 1e-9);
        });

    // Theorem 6 of Zhu and Wang 2019 is exact for the Gaussian: it must meet the other derivation, at a different code path.
    [Theory]
    [InlineData(0.001, 0.7)]
    [InlineData(0.2, 3)]
    public void For_a_Gaussian_the_sharp_generic_bound_is_the_exact_curve(double q, double sigma)
    {
        double[] orders = [2, 3, 17, 64];
        var generic = RenyiPoissonSampling.Curve(
            q, inner => RenyiClosedForm.Gaussian(sigma, inner), orders, oddMomentsNonNegative: true);
        var exact = RenyiSampledGaussian.Curve(q, sigma, orders);
        for (var i = 0; i < orders.Length; i++) Assert.Null(Differs(exact[i], generic[i], 1e-12));
    }

    [Theory]
    [InlineData(0.1, 1)]
    [InlineData(0.7, 3)]
    [InlineData(2.5, 2)]
    [InlineData(0.002, 3)] // close to 1: summed outcome by outcome
    public void The_discrete_Laplace_curve_is_the_sum_it_stands_for(double a, int sensitivity)
    {
        double[] orders = [1.05, 1.5, 2, 7.3, 40];
        var curve = RenyiClosedForm.DiscreteLaplace(a, sensitivity, orders);
        for (var i = 0; i < orders.Length; i++)
        {
            var expected = DirectSum(x => -a * Math.Abs(x), sensitivity, orders[i], (int)(60 / a) + 10);
            Assert.Null(Differs(expected, curve[i], 1e-10, 1e-11));
        }

        Assert.Equal(a * sensitivity, RenyiClosedForm.DiscreteLaplace(a, sensitivity, [double.PositiveInfinity])[0]);
    }

    // For small losses the divergence is alpha times half the variance of the loss, whatever the mechanism; a formula that takes the
    // logarithm of a sum close to 1 has no digit left there.
    [Theory]
    [InlineData(1e-4)]
    [InlineData(1e-9)]
    public void Tiny_losses_keep_their_digits(double tiny)
    {
        double[] orders = [1.5, 10];
        double[] expected = [0.75 * tiny * tiny, 5 * tiny * tiny];
        void Near(double[] curve, double factor)
        {
            for (var i = 0; i < 2; i++) Assert.Null(Differs(expected[i] * factor, curve[i], 20 * tiny + 1e-6));
        }

        Near(RenyiClosedForm.DiscreteLaplace(tiny, 1, orders), 1);
        Near(RenyiClosedForm.Pure(tiny, orders), 1);
        Near(RenyiClosedForm.Laplace(tiny, orders), 1);
        Near(RenyiClosedForm.ExponentialMechanism(tiny, orders), 0.25);

        // With k = 2 the losses are L = log(2 / p - 1), about 2 tiny, and -L, each with mass about 1/2; against the uniform they are tiny.
        Near(RenyiClosedForm.RandomizedResponseReplaceOne(1 - tiny, 2, orders), 4);
        Near(RenyiClosedForm.RandomizedResponseReplaceSpecial(1 - tiny, 2, orders), 1);
    }

    // Canonne, Kamath and Steinke 2020: the bound of the continuous Gaussian holds, and for shifts by whole sigmas is nearly met.
    [Theory]
    [InlineData(0.5, 1)]
    [InlineData(2, 3)]
    [InlineData(8, 1)]
    public void The_discrete_Gaussian_bound_covers_the_exact_divergence(double sigma, int sensitivity)
    {
        foreach (var order in (double[])[1.1, 2, 5.5, 30])
        {
            var bound = RenyiClosedForm.Gaussian(sigma / sensitivity, [order])[0];
            var exact = DirectSum(x => -x * x / (2 * sigma * sigma), sensitivity, order, 600);
            Assert.InRange(exact, 0.5 * bound, bound * (1 + 1e-9));
        }
    }

    [Fact]
    public void The_exponential_mechanism_never_costs_more_than_its_epsilon_and_not_less_than_nothing()
    {
        foreach (var epsilon in (double[])[0, 1e-6, 0.1, 1, 20, 800])
        {
            double[] orders = [1.1, 2, 64, 1024, double.PositiveInfinity];
            var curve = RenyiClosedForm.ExponentialMechanism(epsilon, orders);
            Assert.All(curve, divergence => Assert.InRange(divergence, 0, epsilon));
            Assert.Equal(epsilon, curve[^1]);
        }
    }

    // D_alpha(P || P shifted) for P proportional to exp(logWeight) on the integers.
    private static double DirectSum(Func<double, double> logWeight, int shift, double order, int reach)
    {
        var integers = Enumerable.Range(-reach, (2 * reach) + 1).ToArray();
        var normalizer = Math.Log(integers.Sum(x => Math.Exp(logWeight(x))));
        var terms = Array.ConvertAll(integers, x => (order * logWeight(x)) + ((1 - order) * logWeight(x - shift)));
        var largest = terms.Max();
        return (largest - normalizer + Math.Log(terms.Sum(term => Math.Exp(term - largest)))) / (order - 1);
    }
}
