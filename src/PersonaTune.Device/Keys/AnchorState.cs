namespace PersonaTune.Device.Keys;

/// <summary>What an <see cref="IRollbackAnchor"/> remembers. Generations only grow.</summary>
/// <param name="KeyringGeneration">The keyring's generation.</param>
/// <param name="StoreGeneration">The number of the store's last commit.</param>
/// <param name="StoreDigest">SHA-256 (32 bytes) of the store's state at that commit.</param>
public sealed record AnchorState(long KeyringGeneration, long StoreGeneration, ReadOnlyMemory<byte> StoreDigest);
