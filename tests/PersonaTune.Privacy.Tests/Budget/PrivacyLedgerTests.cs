using System.Text;
using PersonaTune.Privacy.Accounting;
using PersonaTune.Privacy.Budget;
using PersonaTune.Privacy.Sealing;

namespace PersonaTune.Privacy.Tests.Budget;

/// <summary>
/// Costs are checked with pure rho-zCDP events: rho adds up (Bun and Steinke 2016, lemma 7), so how many spends fit is known without the ledger.
/// </summary>
public sealed class PrivacyLedgerTests
{
    private static readonly DateTimeOffset Noon = new(2026, 3, 1, 12, 0, 0, TimeSpan.Zero);
    private static readonly PrivacyBudgetPolicy Policy = new() { Delta = 1e-6, TotalEpsilon = 2 };
    private readonly MemoryLedgerStore _store = new();
    private readonly LedgerClock _clock = new() { Now = Noon };

    [Fact]
    public async Task A_spend_is_recorded_before_it_returns_and_its_cost_is_the_accountants()
    {
        using var ledger = await OpenAsync();
        var receipt = await ledger.SpendAsync(Spend("round 1", 0.01));
        var entry = Assert.Single(await ledger.ReadAsync());
        Assert.Equal((0L, LedgerEntryKind.Spend, "rounds", "round 1", Noon), (entry.Index, entry.Kind, entry.Purpose, entry.Reference, entry.Time));
        Assert.Equal(receipt.Hash.ToArray(), entry.Hash.ToArray());
        Assert.Equal(Epsilon(0.01), receipt.EpsilonTotal, 12);
        Assert.Equal(Epsilon(0.03), (await ledger.SpendAsync(Spend("round 2", 0.02))).EpsilonTotal, 12);
    }

    [Fact]
    public async Task What_would_exceed_the_total_is_refused_and_nothing_is_recorded()
    {
        using var ledger = await OpenAsync();
        var fits = FittingSpends(Policy.TotalEpsilon, 0.01);
        Assert.Equal(fits, await ledger.CountAffordableAsync("rounds", new ZcdpEvent(0.01, 0)));
        for (var i = 0; i < fits; i++) await ledger.SpendAsync(Spend($"round {i}", 0.01));
        var refusal = await Assert.ThrowsAsync<BudgetExceededException>(() => ledger.SpendAsync(Spend("one more", 0.01)));
        Assert.Equal((BudgetLimit.Total, "one more", 2.0), (refusal.Limit, refusal.Reference, refusal.Allowed));
        Assert.Equal(Epsilon(fits * 0.01), refusal.Spent, 12);
        Assert.True(refusal.WouldBe > 2);
        Assert.Equal(fits, (await ledger.ReadAsync()).Count);
        Assert.Equal(0, await ledger.CountAffordableAsync("rounds", new ZcdpEvent(0.01, 0)));
        await ledger.SpendAsync(Spend("a smaller one", 1e-9)); // a refusal does not close the ledger
    }

    [Fact]
    public async Task The_daily_limit_refuses_until_the_spends_are_a_day_old()
    {
        using var ledger = await OpenAsync(Policy with { EpsilonPerDay = Epsilon(0.02) + 1e-9 });
        await ledger.SpendAsync(Spend("a", 0.01));
        _clock.Now += TimeSpan.FromHours(10);
        await ledger.SpendAsync(Spend("b", 0.01));
        Assert.Equal(BudgetLimit.Day, (await Assert.ThrowsAsync<BudgetExceededException>(() => ledger.SpendAsync(Spend("c", 0.01)))).Limit);
        _clock.Now = Noon + TimeSpan.FromHours(24) - TimeSpan.FromTicks(1);
        await Assert.ThrowsAsync<BudgetExceededException>(() => ledger.SpendAsync(Spend("c", 0.01)));
        _clock.Now = Noon + TimeSpan.FromHours(24);
        await ledger.SpendAsync(Spend("c", 0.01)); // only b is left of the last 24 hours
        await Assert.ThrowsAsync<BudgetExceededException>(() => ledger.SpendAsync(Spend("d", 0.01)));
        Assert.Equal(Epsilon(0.02), (await ledger.GetStatusAsync()).EpsilonDay, 12);
    }

    [Fact]
    public async Task Setting_the_clock_back_does_not_open_the_daily_limit()
    {
        using var ledger = await OpenAsync(Policy with { EpsilonPerDay = Epsilon(0.01) + 1e-9 });
        await ledger.SpendAsync(Spend("a", 0.01));
        _clock.Now -= TimeSpan.FromDays(3);
        Assert.Equal(BudgetLimit.Day, (await Assert.ThrowsAsync<BudgetExceededException>(() => ledger.SpendAsync(Spend("b", 0.01)))).Limit);
    }

    [Fact]
    public async Task A_purpose_has_its_own_limit_inside_the_total()
    {
        var policy = Policy with { EpsilonPerPurpose = new Dictionary<string, double> { ["statistics"] = Epsilon(0.01) + 1e-9 } };
        using var ledger = await OpenAsync(policy);
        await ledger.SpendAsync(new SpendRequest("statistics", "s1", new ZcdpEvent(0.01, 0)));
        await ledger.SpendAsync(Spend("r1", 0.01));
        var refusal = await Assert.ThrowsAsync<BudgetExceededException>(() => ledger.SpendAsync(new SpendRequest("statistics", "s2", new ZcdpEvent(0.01, 0))));
        Assert.Equal(BudgetLimit.Purpose, refusal.Limit);
        Assert.Equal(0, await ledger.CountAffordableAsync("statistics", new ZcdpEvent(0.01, 0)));
        Assert.NotEqual(0, await ledger.CountAffordableAsync("rounds", new ZcdpEvent(0.01, 0)));
        var status = await ledger.GetStatusAsync();
        Assert.Equal(Epsilon(0.01), status.EpsilonPerPurpose["statistics"], 12);
        Assert.Equal(Epsilon(0.02), status.EpsilonTotal, 12);
    }

    [Fact]
    public async Task A_reference_pays_once_and_never_again_after_reopening()
    {
        using (var ledger = await OpenAsync()) await ledger.SpendAsync(Spend("round 1", 0.01));
        using var reopened = await OpenAsync();
        var refusal = await Assert.ThrowsAsync<DuplicateSpendException>(() => reopened.SpendAsync(Spend("round 1", 0.01)));
        Assert.Equal(0, refusal.Index);
        Assert.Equal(Epsilon(0.01), (await reopened.GetStatusAsync()).EpsilonTotal, 12);
    }

    [Fact]
    public async Task A_crash_between_spend_and_release_counts_as_spent()
    {
        var crashing = new CrashingLedgerStore(_store);
        using (var ledger = await PrivacyLedger.OpenAsync(crashing, Policy, Options()))
        {
            crashing.CrashAfterWriting = true;
            await Assert.ThrowsAsync<IOException>(() => ledger.SpendAsync(Spend("round 1", 0.01))); // written, never acknowledged
            await Assert.ThrowsAsync<DuplicateSpendException>(() => ledger.SpendAsync(Spend("round 1", 0.01))); // noticed at once
        }

        using var reopened = await OpenAsync();
        Assert.Equal(Epsilon(0.01), (await reopened.GetStatusAsync()).EpsilonTotal, 12);
    }

    [Fact]
    public async Task A_remark_changes_no_cost_and_needs_its_spend()
    {
        using var ledger = await OpenAsync();
        await ledger.SpendAsync(Spend("round 1", 0.01));
        await ledger.RemarkAsync("round 1", released: false);
        await ledger.SpendAsync(Spend("round 2", 0.01));
        await ledger.RemarkAsync("round 2", released: true);
        await Assert.ThrowsAsync<ArgumentException>(() => ledger.RemarkAsync("round 3", released: true));
        Assert.Equal([LedgerEntryKind.Spend, LedgerEntryKind.Abandoned, LedgerEntryKind.Spend, LedgerEntryKind.Released],
            (await ledger.ReadAsync()).Select(e => e.Kind));
        Assert.Equal(Epsilon(0.02), (await ledger.GetStatusAsync()).EpsilonTotal, 12);
    }

    [Fact]
    public async Task Spends_of_many_ledgers_and_threads_are_serialized_and_never_exceed_the_budget()
    {
        var fits = FittingSpends(Policy.TotalEpsilon, 0.01);
        var ledgers = await Task.WhenAll(Enumerable.Range(0, 4).Select(_ => OpenAsync()));
        var outcomes = await Task.WhenAll(Enumerable.Range(0, (int)fits + 20).Select(i => Task.Run(async () =>
        {
            try
            {
                await ledgers[i % 4].SpendAsync(Spend($"round {i}", 0.01));
                return true;
            }
            catch (BudgetExceededException)
            {
                return false;
            }
        })));
        Assert.Equal(fits, outcomes.Count(spent => spent));
        Assert.Equal(fits, (await ledgers[0].ReadAsync()).Count);
        foreach (var ledger in ledgers) ledger.Dispose();
    }

    [Fact]
    public async Task An_unprotected_release_and_an_event_without_analysis_are_refused()
    {
        using var ledger = await OpenAsync();
        var refusal = await Assert.ThrowsAsync<BudgetExceededException>(() => ledger.SpendAsync(new SpendRequest("rounds", "raw", new NonPrivateEvent())));
        Assert.Equal(double.PositiveInfinity, refusal.WouldBe);
        await Assert.ThrowsAsync<UnsupportedEventException>(() => ledger.SpendAsync(new SpendRequest("rounds", "tree", new TreeAggregationEvent(6, [4]))));
        Assert.Empty(await ledger.ReadAsync());
    }

    [Fact]
    public async Task Every_flipped_byte_of_a_chain_is_noticed()
    {
        using (var ledger = await OpenAsync())
        {
            await ledger.SpendAsync(Spend("round 1", 0.01));
            await ledger.RemarkAsync("round 1", released: true);
            await ledger.SpendAsync(Spend("round 2", 0.01));
        }

        var head = await HeadAsync();
        var entries = await EntriesAsync();
        for (var e = 0; e < entries.Count; e++)
        {
            for (var b = 0; b < entries[e].Length; b++)
            {
                var altered = entries.Select(x => (byte[])x.Clone()).ToList();
                altered[e][b] ^= 1;
                // The last entry has no successor whose link would show it; the remembered head does.
                await Assert.ThrowsAsync<TamperedException>(() => PrivacyLedger.OpenAsync(Filled(altered), Policy, Options(head)));
            }
        }
    }

    [Fact]
    public async Task A_missing_exchanged_or_cut_off_entry_is_noticed()
    {
        using (var ledger = await OpenAsync())
            for (var i = 0; i < 4; i++) await ledger.SpendAsync(Spend($"round {i}", 0.01));
        var head = await HeadAsync();
        var e = await EntriesAsync();
        await Assert.ThrowsAsync<TamperedException>(() => PrivacyLedger.OpenAsync(Filled([e[0], e[2], e[3]]), Policy, Options()));
        await Assert.ThrowsAsync<TamperedException>(() => PrivacyLedger.OpenAsync(Filled([e[0], e[2], e[1], e[3]]), Policy, Options()));
        await Assert.ThrowsAsync<TamperedException>(() => PrivacyLedger.OpenAsync(Filled([e[0], e[1]]), Policy, Options(head)));
        using var other = await PrivacyLedger.OpenAsync(new MemoryLedgerStore(), Policy, Options());
        for (var i = 0; i < 4; i++) await other.SpendAsync(Spend($"other {i}", 0.01));
        await Assert.ThrowsAsync<TamperedException>(async () => await PrivacyLedger.OpenAsync(_store, Policy, Options((await other.GetStatusAsync()).Head)));
        (await PrivacyLedger.OpenAsync(Filled(e), Policy, Options(head))).Dispose();
    }

    [Fact]
    public async Task An_export_is_verified_anywhere()
    {
        using var ledger = await OpenAsync();
        await ledger.SpendAsync(Spend("round 1", 0.01));
        await ledger.RemarkAsync("round 1", released: true);
        using var stream = new MemoryStream();
        var head = await LedgerExport.WriteAsync(_store, stream);
        var text = Encoding.UTF8.GetString(stream.ToArray());
        Assert.Equal(2, LedgerExport.Read(new MemoryStream(stream.ToArray()), head).Count);
        Assert.Contains("\"kind\":\"spend\"", text, StringComparison.Ordinal);
        var firstLine = text[..(text.IndexOf('\n', StringComparison.Ordinal) + 1)];
        Assert.Throws<TamperedException>(() => LedgerExport.Read(Utf8(firstLine), head));
        Assert.Throws<TamperedException>(() => LedgerExport.Read(Utf8(text[firstLine.Length..])));
        Assert.Throws<TamperedException>(() => LedgerExport.Read(Utf8("{}")));
        Assert.Throws<TamperedException>(() => LedgerExport.Read(Utf8("no JSON")));
    }

    [Theory]
    [InlineData(0, 1, null)]
    [InlineData(1, 1, null)]
    [InlineData(double.NaN, 1, null)]
    [InlineData(1e-6, 0, null)]
    [InlineData(1e-6, double.PositiveInfinity, null)]
    [InlineData(1e-6, 1, -1.0)]
    public async Task A_policy_out_of_range_is_refused(double delta, double epsilon, double? day)
    {
        var policy = new PrivacyBudgetPolicy { Delta = delta, TotalEpsilon = epsilon, EpsilonPerDay = day };
        await Assert.ThrowsAsync<ArgumentOutOfRangeException>(() => PrivacyLedger.OpenAsync(_store, policy, Options()));
    }

    [Theory]
    [InlineData("", "r")]
    [InlineData("p", "")]
    [InlineData("p", "line\nbreak")]
    public async Task A_malformed_name_is_refused(string purpose, string reference)
    {
        using var ledger = await OpenAsync();
        await Assert.ThrowsAsync<ArgumentException>(() => ledger.SpendAsync(new SpendRequest(purpose, reference, new NoEvent())));
    }

    [Fact]
    public async Task An_accountant_of_another_relation_is_refused()
    {
        using var ledger = await PrivacyLedger.OpenAsync(_store, Policy,
            new PrivacyLedgerOptions { Accountant = static _ => new RdpAccountant(NeighbouringRelation.ReplaceOne) });
        await Assert.ThrowsAsync<InvalidOperationException>(() => ledger.SpendAsync(Spend("round 1", 0.01)));
    }

    private static SpendRequest Spend(string reference, double rho) => new("rounds", reference, new ZcdpEvent(rho, 0));

    private static double Epsilon(double rho) =>
        new RdpAccountant(NeighbouringRelation.AddOrRemoveOne).Compose(new ZcdpEvent(rho, 0)).GetEpsilon(Policy.Delta);

    private static long FittingSpends(double limit, double rho)
    {
        var count = 0;
        while (Epsilon((count + 1) * rho) <= limit) count++;
        return count;
    }

    private PrivacyLedgerOptions Options(LedgerHead? anchor = null) =>
        new() { Accountant = static relation => new RdpAccountant(relation), Time = _clock, Anchor = anchor };

    private Task<PrivacyLedger> OpenAsync(PrivacyBudgetPolicy? policy = null) => PrivacyLedger.OpenAsync(_store, policy ?? Policy, Options());

    private async Task<LedgerHead> HeadAsync()
    {
        using var ledger = await OpenAsync();
        return (await ledger.GetStatusAsync()).Head;
    }

    private async Task<List<byte[]>> EntriesAsync()
    {
        var entries = new List<byte[]>();
        await foreach (var entry in _store.ReadAsync(0)) entries.Add(entry.ToArray());
        return entries;
    }

    private static MemoryLedgerStore Filled(IEnumerable<byte[]> entries)
    {
        var store = new MemoryLedgerStore();
        var index = 0;
        foreach (var entry in entries) Assert.True(store.TryAppendAsync(index++, entry).IsCompletedSuccessfully);
        return store;
    }

    private static MemoryStream Utf8(string text) => new(Encoding.UTF8.GetBytes(text));

    private sealed class LedgerClock : TimeProvider
    {
        public DateTimeOffset Now { get; set; }

        public override DateTimeOffset GetUtcNow() => Now;
    }

    private sealed class CrashingLedgerStore(IPrivacyLedgerStore inner) : IPrivacyLedgerStore
    {
        public bool CrashAfterWriting { get; set; }

        public IAsyncEnumerable<ReadOnlyMemory<byte>> ReadAsync(long fromIndex, CancellationToken cancellationToken = default) => inner.ReadAsync(fromIndex, cancellationToken);

        public async Task<bool> TryAppendAsync(long index, ReadOnlyMemory<byte> entry, CancellationToken cancellationToken = default)
        {
            var done = await inner.TryAppendAsync(index, entry, cancellationToken);
            return CrashAfterWriting ? throw new IOException("the connection was lost after the commit") : done;
        }
    }
}
