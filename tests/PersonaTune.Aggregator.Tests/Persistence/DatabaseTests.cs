using PersonaTune.Aggregator.Persistence;
using PersonaTune.Privacy.Accounting;
using PersonaTune.Privacy.Budget;

namespace PersonaTune.Aggregator.Tests.Persistence;

/// <summary>Transactions, leases, batches, notifications and the ledger, on both databases.</summary>
public sealed class DatabaseTests
{
    public static TheoryData<DatabaseKind> Kinds => TestDatabase.Kinds;

    [Theory]
    [MemberData(nameof(Kinds))]
    public async Task A_second_opening_finds_the_schema_and_a_changed_script_or_a_newer_schema_is_refused(DatabaseKind kind)
    {
        await using var test = TestDatabase.Create(kind);
        await (await test.OpenAsync()).DisposeAsync();
        await using (var database = await test.OpenAsync())
            await database.RunTransactionAsync("tamper", transaction => transaction.ExecuteAsync("UPDATE schema_migration SET checksum = 'other' WHERE version = 2"));
        Assert.Contains("migration 2", (await Assert.ThrowsAsync<DatabaseException>(() => test.OpenAsync())).Message, StringComparison.Ordinal);
        await using var fresh = TestDatabase.Create(kind);
        await using (var database = await fresh.OpenAsync())
            await database.RunTransactionAsync("tamper", transaction => transaction.ExecuteAsync("INSERT INTO schema_migration (version, name, checksum, applied_at) VALUES (999, 'later', 'x', 0)"));
        Assert.Contains("start a newer program", (await Assert.ThrowsAsync<DatabaseException>(() => fresh.OpenAsync())).Message, StringComparison.Ordinal);
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public async Task A_transaction_that_throws_leaves_nothing(DatabaseKind kind)
    {
        await using var test = TestDatabase.Create(kind);
        await using var database = await test.OpenAsync();
        await Assert.ThrowsAsync<InvalidDataException>(() => database.RunTransactionAsync("fails", async transaction =>
        {
            await transaction.ExecuteAsync("INSERT INTO enrolment_name (name, keys) VALUES ('a', 1)");
            throw new InvalidDataException();
        }));
        Assert.Equal(0, await database.ReadAsync(transaction => transaction.ScalarAsync<long>("SELECT COUNT(*) FROM enrolment_name")));
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public async Task A_lease_has_one_holder_and_a_stale_holder_cannot_commit(DatabaseKind kind)
    {
        await using var test = TestDatabase.Create(kind);
        await using var database = await test.OpenAsync();
        var leases = new LeaseStore(database);
        var first = (await leases.TryAcquireAsync("x", "one", TimeSpan.FromMilliseconds(300)))!;
        Assert.Null(await leases.TryAcquireAsync("x", "two", TimeSpan.FromSeconds(5)));
        await database.RunTransactionAsync("held", transaction => first.EnsureHeldAsync(transaction));
        Lease? second = null;
        while (second is null)
        {
            second = await leases.TryAcquireAsync("x", "two", TimeSpan.FromSeconds(30));
            await Task.Delay(20);
        }

        Assert.True(second.Token > first.Token);
        Assert.False(await leases.RenewAsync(first, TimeSpan.FromSeconds(5)));
        await Assert.ThrowsAsync<LeaseLostException>(() => database.RunTransactionAsync("stale", transaction => first.EnsureHeldAsync(transaction)));
        await leases.ReleaseAsync(first); // of a stale holder: changes nothing
        await database.RunTransactionAsync("held", transaction => second.EnsureHeldAsync(transaction));
        await leases.ReleaseAsync(second);
        Assert.True((await leases.TryAcquireAsync("x", "one", TimeSpan.FromSeconds(5)))!.Token > second.Token);
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public async Task Batched_actions_share_transactions_and_each_gets_its_own_result_after_the_commit(DatabaseKind kind)
    {
        await using var test = TestDatabase.Create(kind);
        await using var database = await test.OpenAsync();
        var transactions = 0;
        await using var queue = new BatchQueue<int, int>(database, "batch", async (transaction, items) =>
        {
            Interlocked.Increment(ref transactions);
            if (items.Contains(-1)) throw new InvalidDataException();
            foreach (var item in items) await transaction.ExecuteAsync("INSERT INTO enrolment_name (name, keys) VALUES (@name, @item)", new { name = $"n{item}", item });
            return [.. items.Select(item => 2 * item)];
        }, _ => 1, workers: 1);
        var results = await Task.WhenAll(Enumerable.Range(0, 500).Select(item => queue.RunAsync(item, CancellationToken.None)));
        Assert.Equal(Enumerable.Range(0, 500).Select(item => 2 * item), results);
        Assert.Equal(500, await database.ReadAsync(transaction => transaction.ScalarAsync<long>("SELECT COUNT(*) FROM enrolment_name")));
        Assert.InRange(transactions, 2, 499);
        await Assert.ThrowsAsync<InvalidDataException>(() => queue.RunAsync(-1, CancellationToken.None));
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public async Task A_notification_wakes_waiters_after_the_commit_also_of_another_node(DatabaseKind kind)
    {
        await using var test = TestDatabase.Create(kind);
        await using var database = await test.OpenAsync();
        await using var other = kind == DatabaseKind.PostgreSql ? await test.OpenAsync() : null;
        var listener = other ?? database;
        var signal = listener.Signals.Next("c");
        for (var i = 0; i < 100 && !signal.IsCompleted; i++)
        {
            await database.RunTransactionAsync("notify", transaction =>
            {
                transaction.Notify("c");
                return Task.CompletedTask;
            });
            await listener.WaitAsync(signal, TimeSpan.FromMilliseconds(100), CancellationToken.None);
        }

        Assert.True(signal.IsCompleted);
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public async Task A_spend_is_recorded_exactly_if_its_transaction_commits(DatabaseKind kind)
    {
        await using var test = TestDatabase.Create(kind);
        await using var database = await test.OpenAsync();
        async Task SpendAsync(DatabaseTransaction transaction, string reference)
        {
            using var ledger = await PrivacyLedger.OpenAsync(
                new DatabaseLedgerStore(transaction, "task"), new PrivacyBudgetPolicy { Delta = 1e-5, TotalEpsilon = 100 }, new PrivacyLedgerOptions { Accountant = relation => new RdpAccountant(relation) });
            await ledger.SpendAsync(new SpendRequest("rounds", reference, new GaussianEvent(2)));
        }

        await Assert.ThrowsAsync<InvalidDataException>(() => database.RunTransactionAsync("spend", async transaction =>
        {
            await SpendAsync(transaction, "one");
            throw new InvalidDataException();
        }));
        await database.RunTransactionAsync("spend", transaction => SpendAsync(transaction, "one"));
        await Assert.ThrowsAsync<DuplicateSpendException>(() => database.RunTransactionAsync("spend", transaction => SpendAsync(transaction, "one")));
        Assert.Equal(1, await database.ReadAsync(transaction => transaction.ScalarAsync<long>("SELECT COUNT(*) FROM ledger_entry")));
    }
}
