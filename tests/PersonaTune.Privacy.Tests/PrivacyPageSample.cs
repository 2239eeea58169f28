using PersonaTune.Privacy.Accounting;
using PersonaTune.Privacy.Budget;

namespace PersonaTune.Privacy.Tests;

/// <summary>The code of docs/privacy.md, compiled and run.</summary>
public sealed class PrivacyPageSample
{
    [Fact]
    public void Accounting()
    {
        var accountant = new BestBoundAccountant(
            (AccountingBound.LossDistribution, new PldAccountant(NeighbouringRelation.AddOrRemoveOne)),
            (AccountingBound.Renyi, new RdpAccountant(NeighbouringRelation.AddOrRemoveOne)));
        accountant.Compose(new PoissonSampledEvent(0.01, new GaussianEvent(1.0)), 1000);
        var guarantee = accountant.GuaranteeAtDelta(1e-5);   // epsilon, and which bound it is
        // The specification's anchor row.
        Assert.Equal(AccountingBound.LossDistribution, guarantee.Bound);
        Assert.InRange(guarantee.Epsilon, 1.828, 1.829);
    }

    [Fact]
    public async Task Spending()
    {
        var (store, privacyEvent) = (new MemoryLedgerStore(), new GaussianEvent(10));
        var policy = new PrivacyBudgetPolicy { Delta = 1e-6, TotalEpsilon = 4 };
        var options = new PrivacyLedgerOptions { Accountant = static relation => new RdpAccountant(relation) };
        using var ledger = await PrivacyLedger.OpenAsync(store, policy, options);
        var receipt = await ledger.SpendAsync(new SpendRequest("federated rounds", "task 7, round 3, attempt 1", privacyEvent));
        // only now may the update leave the device
        Assert.InRange(receipt.EpsilonTotal, 0.01, 4);
    }
}
