namespace PersonaTune.Device.Consent;

/// <summary>One entry of a consent ledger.</summary>
/// <param name="Index">Its position, from 0.</param>
/// <param name="Kind">What it records.</param>
/// <param name="Time">When it was recorded.</param>
/// <param name="Receipt">The receipt that was given or withdrawn.</param>
/// <param name="Hash">The chain's hash after this entry (32 bytes).</param>
public sealed record ConsentEntry(long Index, ConsentEntryKind Kind, DateTimeOffset Time, ConsentReceipt Receipt, ReadOnlyMemory<byte> Hash);
