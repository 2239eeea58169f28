using PersonaTune.Privacy.Accounting;
using PersonaTune.Privacy.Budget;

namespace PersonaTune.Privacy.SecureAggregation.Rounds;

/// <summary>
/// A round's budget out of a <see cref="PrivacyLedger"/>: the spend is durably recorded before a masked word leaves the device, and a round that
/// crashed after it has spent it. Thread-safe. Calls wait for the ledger's store; do not make them on a thread that must not wait.
/// </summary>
public sealed class LedgerRoundBudget : IRoundBudget
{
    private readonly PrivacyLedger _ledger;
    private readonly string _purpose;
    private readonly Func<RoundConfiguration, PrivacyEvent> _cost;

    /// <summary>Rounds that are paid for by <paramref name="ledger"/>.</summary>
    /// <param name="ledger">The ledger; it stays the caller's to dispose.</param>
    /// <param name="purpose">The purpose of every spend, for example "federated rounds".</param>
    /// <param name="cost">
    /// What one round releases about this device. It must rest on <see cref="RoundConfiguration.GuaranteedNoiseSigma"/>, and must not count on
    /// sampling unless the device itself tossed the coin.
    /// </param>
    public LedgerRoundBudget(PrivacyLedger ledger, string purpose, Func<RoundConfiguration, PrivacyEvent> cost)
    {
        ArgumentNullException.ThrowIfNull(ledger);
        ArgumentException.ThrowIfNullOrEmpty(purpose);
        ArgumentNullException.ThrowIfNull(cost);
        (_ledger, _purpose, _cost) = (ledger, purpose, cost);
    }

    /// <inheritdoc/>
    public bool Covers(RoundConfiguration configuration)
    {
        ArgumentNullException.ThrowIfNull(configuration);
        return Wait(() => _ledger.CountAffordableAsync(_purpose, _cost(configuration), 1)) == 1;
    }

    /// <inheritdoc/>
    public bool TrySpend(RoundConfiguration configuration, SessionId session)
    {
        ArgumentNullException.ThrowIfNull(configuration);
        try
        {
            Wait(() => _ledger.SpendAsync(new SpendRequest(_purpose, $"task {configuration.Task}, round {configuration.Round}, session {session}", _cost(configuration))));
            return true;
        }
        catch (Exception e) when (e is BudgetExceededException or DuplicateSpendException)
        {
            return false;
        }
    }

    // On the pool, so that a caller's synchronization context cannot wait for itself.
    private static T Wait<T>(Func<Task<T>> action) => Task.Run(action).GetAwaiter().GetResult();
}
