using PersonaTune.Privacy.Accounting;

namespace PersonaTune.Privacy.Tests.Accounting;

public class GroupPrivacyTests
{
    private static PrivacyGuarantee Of(double epsilon, double delta) => new()
    {
        Epsilon = epsilon,
        Delta = delta,
        Relation = NeighbouringRelation.AddOrRemoveOne,
        Bound = AccountingBound.Renyi,
    };

    // P0(S) <= e^eps P1(S) + delta, k times: the last delta is multiplied k - 1 times.
    [Theory]
    [InlineData(0.1, 1e-6, 3)]
    [InlineData(2, 1e-9, 5)]
    [InlineData(0, 1e-6, 4)]
    [InlineData(1, 0, 4)]
    public void Epsilon_grows_in_proportion_and_delta_by_the_geometric_sum(double epsilon, double delta, int size)
    {
        var group = GroupPrivacy.ForGroup(Of(epsilon, delta), size);
        var expected = delta * Enumerable.Range(0, size).Sum(i => Math.Exp(i * epsilon));
        Assert.Equal(size * epsilon, group.Epsilon);
        Assert.Null(ReferenceCells.Differs(expected, group.Delta, 1e-12));
        Assert.Equal((NeighbouringRelation.AddOrRemoveOne, AccountingBound.Renyi), (group.Relation, group.Bound));
    }

    [Fact]
    public void A_group_of_one_is_the_record_and_delta_stops_at_1()
    {
        Assert.Equal(Of(0.5, 1e-6), GroupPrivacy.ForGroup(Of(0.5, 1e-6), 1));
        Assert.Equal(1, GroupPrivacy.ForGroup(Of(3, 1e-3), 10).Delta);
        Assert.Equal(1, GroupPrivacy.ForGroup(Of(double.PositiveInfinity, 1e-3), 2).Delta);
        Assert.Throws<ArgumentOutOfRangeException>(() => GroupPrivacy.ForGroup(Of(1, 0), 0));
    }

    // A shift of k sensitivities is the Gaussian mechanism with k times less noise: the exact group guarantee is never above the chain's.
    [Fact]
    public void The_chain_covers_the_exact_group_guarantee_of_a_Gaussian()
    {
        var single = new SingleMechanismAccountant().Compose(new GaussianEvent(5));
        var group = GroupPrivacy.ForGroup(Of(0.5, single.GetDelta(0.5)), 3);
        Assert.True(new SingleMechanismAccountant().Compose(new GaussianEvent(5 / 3.0)).GetDelta(group.Epsilon) <= group.Delta);
    }
}
