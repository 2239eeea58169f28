namespace PersonaTune.Privacy.Budget;

/// <summary>What a ledger has spent, as epsilons at the policy's delta.</summary>
/// <param name="Spends">The number of spends.</param>
/// <param name="EpsilonTotal">Everything.</param>
/// <param name="EpsilonDay">The last 24 hours.</param>
/// <param name="EpsilonPerPurpose">Each purpose that was ever spent on, on its own.</param>
/// <param name="Head">How far the ledger has come.</param>
public sealed record BudgetStatus(long Spends, double EpsilonTotal, double EpsilonDay, IReadOnlyDictionary<string, double> EpsilonPerPurpose, LedgerHead Head);
