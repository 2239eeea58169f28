namespace PersonaTune.Device.Storage;

/// <summary>A record read and opened. The plaintext is the caller's to zero where that matters.</summary>
internal sealed record OpenedRecord(RecordId Id, long Version, long Sequence, byte[] Plaintext);
