namespace PersonaTune.Device.Keys;

/// <summary>One whole slot of the keyring's file: head and content without the checksum, not authenticated yet.</summary>
internal sealed record KeyringSlot(byte[] Bytes, long Generation);
