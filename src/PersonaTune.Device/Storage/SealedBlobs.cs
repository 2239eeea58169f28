namespace PersonaTune.Device.Storage;

/// <summary>Named, versioned, sealed values of a <see cref="SealedStore"/>: adapters, caches, checkpoints, lineage. Thread-safe.</summary>
public sealed class SealedBlobs
{
    /// <summary>Stores a value under a name, replacing what was there; returns the new version. Durable once the task completes.</summary>
    public Task<long> PutAsync(string user, string collection, string name, ReadOnlyMemory<byte> content, CancellationToken cancellationToken = default) => throw new NotSupportedException();

    /// <summary>Stores and deletes several values in one transaction: all or none.</summary>
    public Task<long> PutRangeAsync(string user, string collection, IReadOnlyList<KeyValuePair<string, ReadOnlyMemory<byte>>> values, IReadOnlyCollection<string>? delete = null, CancellationToken cancellationToken = default) => throw new NotSupportedException();

    /// <summary>The value, or null if there is none.</summary>
    public Task<SealedBlob?> GetAsync(string user, string collection, string name, CancellationToken cancellationToken = default) => throw new NotSupportedException();

    /// <summary>The values of a collection, decrypted page by page, in no particular order.</summary>
    public IAsyncEnumerable<SealedBlob> ListAsync(string user, string collection, CancellationToken cancellationToken = default) => throw new NotSupportedException();

    /// <summary>Deletes a value; false if there was none.</summary>
    public Task<bool> DeleteAsync(string user, string collection, string name, CancellationToken cancellationToken = default) => throw new NotSupportedException();
}
