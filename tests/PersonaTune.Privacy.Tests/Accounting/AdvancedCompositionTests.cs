using PersonaTune.Privacy.Accounting;
using static PersonaTune.Privacy.Tests.Accounting.ReferenceCells;

namespace PersonaTune.Privacy.Tests.Accounting;

/// <summary>Optimal composition against dp_accounting 0.6.0's advanced_composition (d4).</summary>
public class AdvancedCompositionTests
{
    // The reference forms 1 - (1 - delta)^k (1 - x) in double precision: it cannot see an x up to 2^-54, which rounds to 1, and its
    // 1 - (1 - 1e-8) exceeds 1e-8.
    private const double InvisibleToReference = 1.0 / (1L << 54);
    private const double ReferenceRounding = 2.3e-16;

    [Fact]
    public void Total_epsilon_agrees_with_dp_accounting_up_to_its_rounding_of_delta() =>
        All("d4_advanced_composition_kov.csv", row =>
        {
            var (part, count) = (new EpsilonDeltaEvent(Number(row[0]), Number(row[1])), Whole(row[2]));
            double Ours(double delta) => AdvancedComposition.GetEpsilon(part, count, Math.Max(0, delta));
            var total = Number(row[3]);
            var expected = row[4] == "none" ? double.PositiveInfinity : Number(row[4]);
            return Differs(expected, Ours(total), 1e-12) is { } differs
                && Differs(expected, Ours(total + InvisibleToReference), 1e-12) is not null
                && Differs(expected, Ours(total - (count * ReferenceRounding)), 1e-12) is not null
                ? differs
                : null;
        });

    // With no delta at all only basic composition holds; the reference reports 0.48 for these 50 (its row 0.01,0.0,50,0.0).
    [Fact]
    public void Without_delta_epsilons_add_up()
    {
        Assert.Equal(0.5, AdvancedComposition.GetEpsilon(new EpsilonDeltaEvent(0.01, 0), 50, 0), 12);
        Assert.Equal(10, AdvancedComposition.GetEpsilon(new EpsilonDeltaEvent(0.1, 0), 100, 0), 12);
    }

    [Fact]
    public void A_single_mechanism_keeps_its_own_guarantee()
    {
        var part = new EpsilonDeltaEvent(0.3, 1e-8);
        Assert.Equal(0.3, AdvancedComposition.GetEpsilon(part, 1, 1e-8));
        Assert.Equal(1e-8, AdvancedComposition.GetDelta(part, 1, 0.3));
        Assert.Equal(double.PositiveInfinity, AdvancedComposition.GetEpsilon(part, 1, 0.99e-8));
        Assert.Equal(0, AdvancedComposition.GetEpsilon(part, 0, 0));
    }

    // Two randomized responses, outcomes by hand: losses 2e (p^2), 0 (2 p (1 - p)), -2e; delta at total t is (p^2 - exp(t) (1 - p)^2).
    [Fact]
    public void Delta_of_two_is_the_sum_over_their_outcomes()
    {
        const double epsilon = 0.7, total = 0.9;
        var p = Math.Exp(epsilon) / (1 + Math.Exp(epsilon));
        var expected = (p * p) - (Math.Exp(total) * (1 - p) * (1 - p));
        Assert.Equal(expected, AdvancedComposition.GetDelta(new EpsilonDeltaEvent(epsilon, 0), 2, total), 14);
        Assert.Equal(0, AdvancedComposition.GetDelta(new EpsilonDeltaEvent(epsilon, 0), 2, 2 * epsilon));
        Assert.Equal(1 - Math.Pow(1 - 1e-3, 2), AdvancedComposition.GetDelta(new EpsilonDeltaEvent(0, 1e-3), 2, 0), 15);
    }

    // Rényi accounting of the same parts knows no more, so it cannot report less than the optimum (its grid of epsilons is 2 epsilon wide).
    [Theory]
    [InlineData(0.1, 100, 1e-6)]
    [InlineData(0.5, 30, 1e-8)]
    public void Optimal_composition_is_not_above_Renyi_accounting(double epsilon, int count, double delta)
    {
        var part = new EpsilonDeltaEvent(epsilon, 0);
        var renyi = new RdpAccountant(NeighbouringRelation.AddOrRemoveOne).Compose(part, count);
        Assert.True(AdvancedComposition.GetDelta(part, count, renyi.GetEpsilon(delta)) <= delta);
    }

    [Theory]
    [InlineData(1, 1e-6, 100, 0)]
    [InlineData(3, 1e-5, 40, 1e-8)]
    [InlineData(1, 0, 10, 0)]
    public void The_part_epsilon_is_the_largest_that_stays_within_the_total(double epsilon, double delta, int count, double partDelta)
    {
        var total = new EpsilonDeltaEvent(epsilon, delta);
        var part = AdvancedComposition.GetPartEpsilon(total, count, partDelta);
        Assert.InRange(part, (epsilon / count) - 2e-9, epsilon);
        Assert.True(AdvancedComposition.GetDelta(new EpsilonDeltaEvent(part, partDelta), count, epsilon) <= delta);
        Assert.True(AdvancedComposition.GetDelta(new EpsilonDeltaEvent(part + 2e-9, partDelta), count, epsilon) > delta);
    }

    [Fact]
    public void Parts_whose_deltas_exceed_the_total_have_no_epsilon() =>
        Assert.Equal(0, AdvancedComposition.GetPartEpsilon(new EpsilonDeltaEvent(1, 1e-6), 100, 1e-7));
}
