using PersonaTune.Device.Consent;
using PersonaTune.Device.Keys;
using PersonaTune.Device.Storage;
using PersonaTune.Device.Tests.Storage;
using PersonaTune.Privacy.Accounting;
using PersonaTune.Privacy.Budget;
using PersonaTune.Privacy.Sealing;

namespace PersonaTune.Device.Tests.Consent;

public class SealedLedgerStoreTests
{
    [Fact]
    public async Task Spends_survive_closing_and_forgetting_the_user()
    {
        using var folder = new StoreFolder();
        await using (var store = await folder.OpenAsync(pageSize: 2))
        {
            await store.Examples.AddAsync("ada", "messages", "hello"u8.ToArray(), ExampleKind.Text, StoreFolder.Noon);
            using var ledger = await OpenAsync(store);
            for (var i = 0; i < 5; i++) await ledger.SpendAsync(new SpendRequest("rounds", $"round {i}", new GaussianEvent(10)));
            await store.ForgetAsync("ada");
        }

        await using (var store = await folder.OpenAsync(pageSize: 2))
        {
            using var ledger = await OpenAsync(store);
            Assert.Equal(5, (await ledger.GetStatusAsync()).Spends);
            await Assert.ThrowsAsync<DuplicateSpendException>(() => ledger.SpendAsync(new SpendRequest("rounds", "round 3", new GaussianEvent(10))));
            Assert.DoesNotContain(SealedStore.DeviceUser, store.Users);
        }
    }

    [Fact]
    public async Task Two_ledgers_over_one_store_spend_the_budget_once()
    {
        using var folder = new StoreFolder();
        await using var store = await folder.OpenAsync();
        using var one = await OpenAsync(store, epsilon: 1);
        using var two = await OpenAsync(store, epsilon: 1);
        var refused = 0;
        await Task.WhenAll(Enumerable.Range(0, 40).Select(async i =>
        {
            try
            {
                await (i % 2 == 0 ? one : two).SpendAsync(new SpendRequest("rounds", $"round {i}", new GaussianEvent(20)));
            }
            catch (BudgetExceededException)
            {
                Interlocked.Increment(ref refused);
            }
        }));
        var affordable = await (await OpenAsync(new MemoryLedgerStore(), 1)).CountAffordableAsync("rounds", new GaussianEvent(20));
        Assert.InRange(affordable, 2, 39);
        Assert.Equal(40 - affordable, refused);
        Assert.Equal(affordable, (await one.GetStatusAsync()).Spends);
    }

    /// <summary>A protector with an anchor notices it at opening; without one the ledger's remembered head does.</summary>
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task An_old_database_does_not_refund_spends_unseen(bool anchored)
    {
        using var folder = new StoreFolder();
        using var key = anchored ? folder.CreateKeyFile() : null;
        await using (var store = await folder.OpenAsync(key))
        {
            using var ledger = await OpenAsync(store);
            await ledger.SpendAsync(new SpendRequest("rounds", "round 0", new GaussianEvent(10)));
        }

        var copy = folder.CopyTo("old");
        LedgerHead head;
        await using (var store = await folder.OpenAsync(key))
        {
            using var ledger = await OpenAsync(store);
            for (var i = 1; i < 4; i++) await ledger.SpendAsync(new SpendRequest("rounds", $"round {i}", new GaussianEvent(10)));
            head = (await ledger.GetStatusAsync()).Head;
        }

        folder.RestoreFrom(copy, "store.db", "store.db-wal", "store.db-shm");
        if (anchored)
        {
            await Assert.ThrowsAsync<RollbackException>(() => folder.OpenAsync(key));
            return;
        }

        await using var old = await folder.OpenAsync();
        await Assert.ThrowsAsync<TamperedException>(() => OpenAsync(new SealedLedgerStore(old), 8, head));
    }

    [Fact]
    public async Task Purposes_and_references_do_not_show_in_the_files()
    {
        using var folder = new StoreFolder();
        await using (var store = await folder.OpenAsync())
        {
            using var ledger = await OpenAsync(store);
            await ledger.SpendAsync(new SpendRequest("conspicuous purpose", "conspicuous reference", new GaussianEvent(10)));
        }

        foreach (var file in Directory.GetFiles(folder.Store))
            Assert.False((await File.ReadAllBytesAsync(file)).AsSpan().IndexOf("conspicuous"u8) >= 0, $"'{Path.GetFileName(file)}' shows a name");
    }

    private static Task<PrivacyLedger> OpenAsync(SealedStore store, double epsilon = 8) => OpenAsync(new SealedLedgerStore(store), epsilon);

    private static Task<PrivacyLedger> OpenAsync(IPrivacyLedgerStore store, double epsilon, LedgerHead? anchor = null) => PrivacyLedger.OpenAsync(store,
        new PrivacyBudgetPolicy { Delta = 1e-6, TotalEpsilon = epsilon },
        new PrivacyLedgerOptions { Accountant = static relation => new RdpAccountant(relation), Anchor = anchor });
}
