using PersonaTune.Privacy.Accounting;
using PersonaTune.Privacy.Sealing;

namespace PersonaTune.Privacy.Budget;

/// <summary>
/// An append-only, hash-chained record of privacy losses that refuses what would exceed a <see cref="PrivacyBudgetPolicy"/>. A spend is durably
/// recorded before the release that it pays for; from then on it counts, also if the process dies before the release. Spends of any
/// number of threads, processes or nodes over one store are serialized by the store's compare-and-append. Thread-safe.
/// </summary>
/// <remarks>
/// <para>Guarantee: if every release is preceded by a spend whose event describes it truly, everything released stays within the policy's
/// (epsilon, delta) under its relation, for the unit (record or user) that the events' sensitivities refer to.</para>
/// <para>What breaks it: a release without a spend; an event that states more noise than was added; a store that loses acknowledged
/// entries. Whoever can write the store can replace the whole chain, or cut off its end; a remembered <see cref="LedgerHead"/>
/// (<see cref="PrivacyLedgerOptions.Anchor"/>) reveals both.</para>
/// <para>The daily limit covers 24 hours up to now, or up to the newest entry if the clock was set back behind it.</para>
/// </remarks>
public sealed class PrivacyLedger : IDisposable
{
    private static readonly TimeSpan Day = TimeSpan.FromHours(24);
    private readonly IPrivacyLedgerStore _store;
    private readonly PrivacyLedgerOptions _options;
    private readonly SemaphoreSlim _gate = new(1, 1);
    private readonly List<LedgerEntry> _spends = [];
    private readonly Dictionary<string, long> _references = new(StringComparer.Ordinal);
    private readonly SpentEvents _total = new();
    private readonly Dictionary<string, SpentEvents> _purposes = new(StringComparer.Ordinal);
    private LedgerHead _head = new(0, new byte[LedgerCodec.HashBytes]);
    private DateTimeOffset _newest = DateTimeOffset.MinValue;

    private PrivacyLedger(IPrivacyLedgerStore store, PrivacyBudgetPolicy policy, PrivacyLedgerOptions options)
    {
        _store = store;
        Policy = policy;
        _options = options;
    }

    /// <summary>The limits.</summary>
    public PrivacyBudgetPolicy Policy { get; }

    /// <summary>Opens a ledger: reads and verifies all its entries.</summary>
    /// <exception cref="TamperedException">An entry was altered, exchanged or is missing, or the ledger ends before the anchor.</exception>
    /// <exception cref="ArgumentException">The policy is not valid.</exception>
    public static async Task<PrivacyLedger> OpenAsync(IPrivacyLedgerStore store, PrivacyBudgetPolicy policy, PrivacyLedgerOptions options,
        CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(store);
        ArgumentNullException.ThrowIfNull(policy);
        ArgumentNullException.ThrowIfNull(options);
        policy.Validate();
        var ledger = new PrivacyLedger(store, policy, options);
        await ledger.CatchUpAsync(cancellationToken).ConfigureAwait(false);
        ledger.CheckAnchor();
        return ledger;
    }

    /// <summary>
    /// Records a spend durably, or refuses it. When the task completes, the release may happen; if it throws, it must not. If it was
    /// cancelled or the store failed, the spend may or may not be recorded: use a new reference for the next attempt.
    /// </summary>
    /// <exception cref="BudgetExceededException">It would exceed a limit; nothing was recorded.</exception>
    /// <exception cref="DuplicateSpendException">The reference is recorded already.</exception>
    /// <exception cref="UnsupportedEventException">The accountant cannot analyse the event under the policy's relation.</exception>
    /// <exception cref="TamperedException">The store holds a broken chain.</exception>
    public async Task<SpendReceipt> SpendAsync(SpendRequest request, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(request);
        CheckText(request.Purpose, nameof(request.Purpose));
        CheckText(request.Reference, nameof(request.Reference));
        return await WithGateAsync(async () =>
        {
            for (var attempt = 0; attempt < _options.MaxAttempts; attempt++)
            {
                await CatchUpAsync(cancellationToken).ConfigureAwait(false);
                if (_references.TryGetValue(request.Reference, out var index)) throw new DuplicateSpendException(request.Reference, index);
                var now = Now();
                var total = Admit(request, now);
                if (await AppendAsync(LedgerEntryKind.Spend, now, request.Purpose, request.Reference, request.Event, cancellationToken).ConfigureAwait(false))
                    return new SpendReceipt(_head.Count - 1, _head.Hash, request.Reference, total);
            }

            throw Contended($"spend '{request.Reference}'");
        }, cancellationToken).ConfigureAwait(false);
    }

    /// <summary>Remarks whether the release that <paramref name="reference"/> paid for happened. It changes no cost.</summary>
    /// <exception cref="ArgumentException">No spend has this reference.</exception>
    public async Task RemarkAsync(string reference, bool released, CancellationToken cancellationToken = default)
    {
        CheckText(reference, nameof(reference));
        await WithGateAsync(async () =>
        {
            for (var attempt = 0; attempt < _options.MaxAttempts; attempt++)
            {
                await CatchUpAsync(cancellationToken).ConfigureAwait(false);
                var spend = _references.TryGetValue(reference, out var index)
                    ? _spends.Find(entry => entry.Index == index)!
                    : throw new ArgumentException($"no spend '{reference}' is recorded in the ledger; spend before the release", nameof(reference));
                var kind = released ? LedgerEntryKind.Released : LedgerEntryKind.Abandoned;
                if (await AppendAsync(kind, Now(), spend.Purpose, reference, new NoEvent(), cancellationToken).ConfigureAwait(false)) return true;
            }

            throw Contended($"remark on '{reference}'");
        }, cancellationToken).ConfigureAwait(false);
    }

    /// <summary>What is spent now.</summary>
    public Task<BudgetStatus> GetStatusAsync(CancellationToken cancellationToken = default) => WithGateAsync(async () =>
    {
        await CatchUpAsync(cancellationToken).ConfigureAwait(false);
        var purposes = _purposes.ToDictionary(p => p.Key, p => p.Value.Epsilon(Fresh(), Policy.Delta), StringComparer.Ordinal);
        return new BudgetStatus(_spends.Count, _total.Epsilon(Fresh(), Policy.Delta), DayEvents(Now()).Epsilon(Fresh(), Policy.Delta), purposes, _head);
    }, cancellationToken);

    /// <summary>
    /// How many more times an event could be spent on a purpose before the total or the purpose's limit is reached (the daily limit only
    /// slows spending down), at most <paramref name="ceiling"/>.
    /// </summary>
    public Task<long> CountAffordableAsync(string purpose, PrivacyEvent privacyEvent, long ceiling = 1_000_000, CancellationToken cancellationToken = default)
    {
        CheckText(purpose, nameof(purpose));
        ArgumentNullException.ThrowIfNull(privacyEvent);
        ArgumentOutOfRangeException.ThrowIfNegative(ceiling);
        return WithGateAsync(async () =>
        {
            await CatchUpAsync(cancellationToken).ConfigureAwait(false);
            bool Fits(long times) => times == 0 ||
                (_total.Epsilon(Fresh(), Policy.Delta, privacyEvent, times) <= Policy.TotalEpsilon
                && (!Policy.EpsilonPerPurpose.TryGetValue(purpose, out var limit)
                    || Purpose(purpose).Epsilon(Fresh(), Policy.Delta, privacyEvent, times) <= limit));
            long fits = 0, exceeds = 1;
            while (exceeds <= ceiling && Fits(exceeds)) (fits, exceeds) = (exceeds, exceeds * 2);
            exceeds = Math.Min(exceeds, ceiling + 1);
            while (exceeds - fits > 1)
            {
                var middle = fits + ((exceeds - fits) / 2);
                if (Fits(middle)) fits = middle;
                else exceeds = middle;
            }

            return fits;
        }, cancellationToken);
    }

    /// <summary>All entries, verified again from the store.</summary>
    /// <exception cref="TamperedException">An entry was altered, exchanged or is missing.</exception>
    public async Task<IReadOnlyList<LedgerEntry>> ReadAsync(CancellationToken cancellationToken = default)
    {
        var entries = new List<LedgerEntry>();
        ReadOnlyMemory<byte> hash = new byte[LedgerCodec.HashBytes];
        await foreach (var encoded in _store.ReadAsync(0, cancellationToken).ConfigureAwait(false))
        {
            var entry = LedgerCodec.Decode(entries.Count, hash.Span, encoded.Span);
            hash = entry.Hash;
            entries.Add(entry);
        }

        return entries;
    }

    /// <inheritdoc/>
    public void Dispose() => _gate.Dispose();

    private double Admit(SpendRequest request, DateTimeOffset now)
    {
        double Check(SpentEvents spent, double? allowed, BudgetLimit limit)
        {
            var after = spent.Epsilon(Fresh(), Policy.Delta, request.Event);
            // A comparison that a NaN fails refuses.
            if (allowed is { } most && !(after <= most))
                throw new BudgetExceededException(request.Reference, limit, request.Purpose, spent.Epsilon(Fresh(), Policy.Delta), after, most);
            return after;
        }

        var total = Check(_total, Policy.TotalEpsilon, BudgetLimit.Total);
        if (Policy.EpsilonPerPurpose.TryGetValue(request.Purpose, out var purposeLimit)) Check(Purpose(request.Purpose), purposeLimit, BudgetLimit.Purpose);
        if (Policy.EpsilonPerDay is { } day) Check(DayEvents(now), day, BudgetLimit.Day);
        return total;
    }

    private async Task<bool> AppendAsync(LedgerEntryKind kind, DateTimeOffset now, string purpose, string reference, PrivacyEvent privacyEvent,
        CancellationToken cancellationToken)
    {
        var encoded = LedgerCodec.Encode(_head.Count, kind, now, _head.Hash.Span, purpose, reference, privacyEvent);
        if (!await _store.TryAppendAsync(_head.Count, encoded, cancellationToken).ConfigureAwait(false)) return false;
        Take(LedgerCodec.Decode(_head.Count, _head.Hash.Span, encoded));
        return true;
    }

    private async Task CatchUpAsync(CancellationToken cancellationToken)
    {
        await foreach (var encoded in _store.ReadAsync(_head.Count, cancellationToken).ConfigureAwait(false))
            Take(LedgerCodec.Decode(_head.Count, _head.Hash.Span, encoded.Span));
    }

    private void Take(LedgerEntry entry)
    {
        _head = new LedgerHead(entry.Index + 1, entry.Hash);
        if (entry.Time > _newest) _newest = entry.Time;
        if (_options.Anchor is { } anchor && anchor.Count == _head.Count) CheckAnchor();
        if (entry.Kind != LedgerEntryKind.Spend) return;
        if (!_references.TryAdd(entry.Reference, entry.Index))
            throw new TamperedException($"privacy ledger entry {entry.Index}", $"it repeats the reference '{entry.Reference}' of an earlier spend; it was not written by a ledger");
        _spends.Add(entry);
        _total.Add(entry.Event);
        Purpose(entry.Purpose).Add(entry.Event);
    }

    private void CheckAnchor()
    {
        if (_options.Anchor is not { } anchor) return;
        if (_head.Count < anchor.Count)
            throw new TamperedException("privacy ledger", $"it holds {_head.Count} entries, expected at least {anchor.Count}; its end was cut off or an old copy was restored");
        if (_head.Count == anchor.Count && !_head.Hash.Span.SequenceEqual(anchor.Hash.Span))
            throw new TamperedException("privacy ledger", $"its entry {anchor.Count - 1} is not the one that was remembered; the ledger was replaced");
    }

    private SpentEvents Purpose(string purpose)
    {
        if (!_purposes.TryGetValue(purpose, out var events)) _purposes[purpose] = events = new SpentEvents();
        return events;
    }

    private SpentEvents DayEvents(DateTimeOffset now)
    {
        var events = new SpentEvents();
        for (var i = _spends.Count - 1; i >= 0; i--)
            if (_spends[i].Time > now - Day) events.Add(_spends[i].Event);
        return events;
    }

    /// <summary>The clock, but never behind the newest entry: setting it back must not open the daily window.</summary>
    private DateTimeOffset Now()
    {
        var now = _options.Time.GetUtcNow();
        return now > _newest ? now : _newest;
    }

    private IPrivacyAccountant Fresh()
    {
        var accountant = _options.Accountant(Policy.Relation);
        return accountant.Relation == Policy.Relation
            ? accountant
            : throw new InvalidOperationException($"the accountant works under {accountant.Relation}, the policy under {Policy.Relation}; make them agree");
    }

    private InvalidOperationException Contended(string what) =>
        new($"{what}: another writer was first {_options.MaxAttempts} times in a row; try again later or raise PrivacyLedgerOptions.MaxAttempts");

    private async Task<T> WithGateAsync<T>(Func<Task<T>> action, CancellationToken cancellationToken)
    {
        await _gate.WaitAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            return await action().ConfigureAwait(false);
        }
        finally
        {
            _gate.Release();
        }
    }

    private static void CheckText(string text, string name)
    {
        ArgumentException.ThrowIfNullOrEmpty(text, name);
        if (text.Length > 256 || text.Any(char.IsControl))
            throw new ArgumentException($"{name} has {text.Length} characters, expected 1 to 256 without control characters", name);
    }
}
