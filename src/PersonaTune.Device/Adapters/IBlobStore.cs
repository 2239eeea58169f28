namespace PersonaTune.Device.Adapters;

/// <summary>What adapters and checkpoints need of the encrypted store: named values, changed in transactions that are durable when they return.</summary>
internal interface IBlobStore
{
    /// <summary>The value, or null.</summary>
    Task<ReadOnlyMemory<byte>?> ReadAsync(string user, string collection, string name, CancellationToken cancellationToken);

    /// <summary>Stores and deletes values of one collection: all or none.</summary>
    Task WriteAsync(string user, string collection, IReadOnlyList<KeyValuePair<string, ReadOnlyMemory<byte>>> values,
        IReadOnlyCollection<string> delete, CancellationToken cancellationToken);
}
