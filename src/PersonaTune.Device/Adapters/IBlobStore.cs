namespace PersonaTune.Device.Adapters;

/// <summary>What adapters and checkpoints need of the encrypted store: whole blobs, each write atomic and durable when it returns.</summary>
internal interface IBlobStore
{
    /// <summary>The blob, or null.</summary>
    Task<byte[]?> ReadAsync(string user, string collection, string id, CancellationToken cancellationToken);

    /// <summary>Creates or replaces a blob.</summary>
    Task WriteAsync(string user, string collection, string id, ReadOnlyMemory<byte> content, CancellationToken cancellationToken);

    /// <summary>Deletes a blob; nothing happens where there is none.</summary>
    Task DeleteAsync(string user, string collection, string id, CancellationToken cancellationToken);

    /// <summary>Ids of a collection, in ordinal order.</summary>
    Task<IReadOnlyList<string>> ListAsync(string user, string collection, CancellationToken cancellationToken);
}
