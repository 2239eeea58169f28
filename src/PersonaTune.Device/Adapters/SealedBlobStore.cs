using PersonaTune.Device.Storage;

namespace PersonaTune.Device.Adapters;

/// <summary>The encrypted store's named values.</summary>
internal sealed class SealedBlobStore(SealedBlobs blobs) : IBlobStore
{
    public async Task<ReadOnlyMemory<byte>?> ReadAsync(string user, string collection, string name, CancellationToken cancellationToken) =>
        (await blobs.GetAsync(user, collection, name, cancellationToken))?.Content;

    public Task WriteAsync(string user, string collection, IReadOnlyList<KeyValuePair<string, ReadOnlyMemory<byte>>> values,
        IReadOnlyCollection<string> delete, CancellationToken cancellationToken) =>
        blobs.PutRangeAsync(user, collection, values, delete, cancellationToken);
}
