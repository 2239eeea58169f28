using PersonaTune.Privacy.Accounting;

namespace PersonaTune.Privacy.Budget;

/// <summary>How a <see cref="PrivacyLedger"/> works.</summary>
public sealed record PrivacyLedgerOptions
{
    /// <summary>Makes a fresh accountant for a relation; it is asked for every decision.</summary>
    public required Func<NeighbouringRelation, IPrivacyAccountant> Accountant { get; init; }

    /// <summary>The clock of entries and of the daily limit (default: the system's).</summary>
    public TimeProvider Time { get; init; } = TimeProvider.System;

    /// <summary>The least that the ledger must hold, remembered from outside its storage; null to trust the storage (default).</summary>
    public LedgerHead? Anchor { get; init; }

    /// <summary>How often an append that lost against another writer is tried again (default 100).</summary>
    public int MaxAttempts { get; init; } = 100;
}
