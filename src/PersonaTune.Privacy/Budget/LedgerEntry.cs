using PersonaTune.Privacy.Accounting;

namespace PersonaTune.Privacy.Budget;

/// <summary>One verified entry of a privacy ledger.</summary>
/// <param name="Index">Its position, from 0.</param>
/// <param name="Kind">What it records.</param>
/// <param name="Time">When it was recorded, by the clock of the device or node.</param>
/// <param name="Purpose">What for.</param>
/// <param name="Reference">The spend's reference; a remark repeats that of its spend.</param>
/// <param name="Event">What was spent; <see cref="NoEvent"/> in a remark.</param>
/// <param name="Hash">The chain's hash after this entry (32 bytes).</param>
public sealed record LedgerEntry(long Index, LedgerEntryKind Kind, DateTimeOffset Time, string Purpose, string Reference, PrivacyEvent Event,
    ReadOnlyMemory<byte> Hash);
