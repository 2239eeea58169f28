using PersonaTune.Privacy.Accounting;

namespace PersonaTune.Privacy.Tests.Accounting;

public class BestBoundAccountantTests
{
    private static RdpAccountant Renyi(NeighbouringRelation relation = NeighbouringRelation.AddOrRemoveOne) => new(relation);

    private static BestBoundAccountant Both() =>
        new((AccountingBound.Renyi, Renyi()), (AccountingBound.ClosedForm, new SingleMechanismAccountant()));

    [Fact]
    public void The_smaller_bound_is_reported_with_its_name()
    {
        var accountant = Both().Compose(new GaussianEvent(2));
        var guarantee = accountant.GuaranteeAtDelta(1e-6);

        // The exact analysis of one Gaussian is below its Rényi bound.
        Assert.Equal(AccountingBound.ClosedForm, guarantee.Bound);
        Assert.Equal(new SingleMechanismAccountant().Compose(new GaussianEvent(2)).GetEpsilon(1e-6), guarantee.Epsilon);
        Assert.True(guarantee.Epsilon < Renyi().Compose(new GaussianEvent(2)).GetEpsilon(1e-6));
        Assert.Equal((1e-6, NeighbouringRelation.AddOrRemoveOne), (guarantee.Delta, guarantee.Relation));
        Assert.Equal(guarantee.Epsilon, accountant.GetEpsilon(1e-6));
        Assert.Equal(accountant.GetDelta(1), accountant.GuaranteeAtEpsilon(1).Delta);
    }

    // Both accountants here are the same analysis; with more orders it can only be smaller, and where it is not the first is named.
    [Fact]
    public void A_tie_goes_to_the_first()
    {
        var accountant = new BestBoundAccountant((AccountingBound.LossDistribution, Renyi()), (AccountingBound.Renyi, Renyi()));
        Assert.Equal(AccountingBound.LossDistribution, accountant.Compose(new GaussianEvent(1)).GuaranteeAtDelta(1e-5).Bound);
    }

    [Fact]
    public void An_accountant_that_cannot_follow_an_event_drops_out_for_good()
    {
        var accountant = Both().Compose(new ZcdpEvent(0.1, 0));
        Assert.Equal([AccountingBound.Renyi], accountant.Bounds);
        Assert.Equal(AccountingBound.Renyi, accountant.Compose(new GaussianEvent(2)).GuaranteeAtDelta(1e-6).Bound);
        Assert.Equal(Renyi().Compose(new ZcdpEvent(0.1, 0)).Compose(new GaussianEvent(2)).GetEpsilon(1e-6), accountant.GetEpsilon(1e-6));
    }

    [Fact]
    public void An_event_that_none_can_follow_is_refused_and_nobody_drops_out()
    {
        var accountant = Both();
        var refusal = Assert.Throws<UnsupportedEventException>(() => accountant.Compose(new TreeAggregationEvent(1, [4])));
        Assert.Contains("Renyi, ClosedForm", refusal.Message, StringComparison.Ordinal);
        Assert.Equal(2, accountant.Bounds.Count);
        Assert.False(accountant.Supports(new TreeAggregationEvent(1, [4])));
    }

    [Fact]
    public void Two_relations_and_no_accountant_are_refused()
    {
        Assert.Throws<ArgumentException>(() => new BestBoundAccountant(
            (AccountingBound.Renyi, Renyi()), (AccountingBound.LossDistribution, Renyi(NeighbouringRelation.ReplaceOne))));
        Assert.Throws<ArgumentException>(() => new BestBoundAccountant());
    }
}
