namespace PersonaTune.Device.Storage;

/// <summary>A record to seal and write.</summary>
internal sealed record RecordPut(RecordId Id, RecordClass Class, string Collection, ReadOnlyMemory<byte> Plaintext);
