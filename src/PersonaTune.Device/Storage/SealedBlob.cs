namespace PersonaTune.Device.Storage;

/// <summary>A named, sealed value: an adapter, a cache, a training checkpoint, a lineage record.</summary>
/// <param name="Name">Its name inside user and collection.</param>
/// <param name="Version">Grows with every put; never reused, also after a deletion.</param>
/// <param name="Content">Its content.</param>
public sealed record SealedBlob(string Name, long Version, ReadOnlyMemory<byte> Content);
