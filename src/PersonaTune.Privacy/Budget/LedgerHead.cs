namespace PersonaTune.Privacy.Budget;

/// <summary>
/// How far a ledger had come: remembered outside the ledger's own storage (a keystore, another machine, an auditor), it reveals that entries
/// were cut off its end or that the whole ledger was replaced.
/// </summary>
/// <param name="Count">The number of entries.</param>
/// <param name="Hash">The chain's hash after the last of them (32 bytes); zeros for an empty ledger.</param>
public sealed record LedgerHead(long Count, ReadOnlyMemory<byte> Hash);
