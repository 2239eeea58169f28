namespace PersonaTune.Device.Storage;

/// <summary>How much a store holds.</summary>
/// <param name="Records">Live records of all users: examples, blobs and consent entries.</param>
/// <param name="SealedBytes">Their sealed size in bytes.</param>
/// <param name="FileBytes">The size of the database file and its write-ahead log in bytes.</param>
/// <param name="Generation">The number of the last commit.</param>
/// <param name="KeyringGeneration">The keyring's generation.</param>
/// <param name="MasterEpoch">The master key's epoch.</param>
/// <param name="Users">The number of users.</param>
public sealed record StoreStatistics(
    long Records, long SealedBytes, long FileBytes, long Generation, long KeyringGeneration, uint MasterEpoch, int Users);
