using System.Runtime.CompilerServices;
using PersonaTune.Privacy.Sealing;

namespace PersonaTune.Device.Storage;

/// <summary>
/// Named, versioned, sealed values of a <see cref="SealedStore"/>: adapters, caches, checkpoints, lineage. A put replaces the
/// value and its name's former content in one commit. Thread-safe; obtained from <see cref="SealedStore.Blobs"/>.
/// </summary>
public sealed class SealedBlobs
{
    private readonly RecordLayer _layer;

    internal SealedBlobs(RecordLayer layer) => _layer = layer;

    /// <summary>Stores a value under a name, replacing what was there; returns the new version. Durable once the task completes.</summary>
    /// <exception cref="SealException">The content is larger than <see cref="RecordSealer.MaxPlaintext"/>, name included.</exception>
    public Task<long> PutAsync(string user, string collection, string name, ReadOnlyMemory<byte> content,
        CancellationToken cancellationToken = default) =>
        PutRangeAsync(user, collection, [new(name, content)], null, cancellationToken);

    /// <summary>Stores values and deletes others in one commit, all or none; returns the version of what was stored.</summary>
    public Task<long> PutRangeAsync(string user, string collection, IReadOnlyList<KeyValuePair<string, ReadOnlyMemory<byte>>> values,
        IReadOnlyCollection<string>? delete = null, CancellationToken cancellationToken = default)
    {
        Check(user, collection);
        ArgumentNullException.ThrowIfNull(values);
        foreach (var (name, _) in values) StoreNames.Check(name, nameof(values));
        foreach (var name in delete ?? []) StoreNames.Check(name, nameof(delete));
        if (values.Select(v => v.Key).Concat(delete ?? []).Distinct(StringComparer.Ordinal).Count() != values.Count + (delete?.Count ?? 0))
            throw new ArgumentException("a name occurs twice; name each value once", nameof(values));
        return _layer.RunAsync(() =>
        {
            var owner = _layer.Keyring.EnsureUser(user);
            List<RecordPut> puts = [.. values.Select(v => new RecordPut(_layer.NameId(owner, collection, v.Key), RecordClass.Blob, collection, Encode(v.Key, v.Value.Span)))];
            List<RecordPlace> deletes = [.. (delete ?? [])
                .Select(name => _layer.PlaceCore(user, RecordClass.Blob, collection, _layer.NameId(owner, collection, name))).OfType<RecordPlace>()];
            return puts.Count + deletes.Count == 0 ? _layer.State.Generation : _layer.CommitCore(user, puts, deletes);
        }, cancellationToken);
    }

    /// <summary>The value, or null if there is none.</summary>
    /// <exception cref="TamperedException">It was altered.</exception>
    public Task<SealedBlob?> GetAsync(string user, string collection, string name, CancellationToken cancellationToken = default)
    {
        Check(user, collection);
        StoreNames.Check(name, nameof(name));
        return _layer.RunAsync(() =>
            _layer.Keyring.FindUser(user) is { } owner
            && _layer.GetCore(user, RecordClass.Blob, collection, _layer.NameId(owner, collection, name)) is { } record ? Decode(record) : null, cancellationToken);
    }

    /// <summary>The values of a collection, decrypted page by page, in the order in which their names were first used.</summary>
    public async IAsyncEnumerable<SealedBlob> ListAsync(string user, string collection, [EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        Check(user, collection);
        long after = 0;
        while (true)
        {
            var start = after;
            var page = await _layer.RunAsync(() => _layer.PageCore(user, RecordClass.Blob, collection, start), cancellationToken).ConfigureAwait(false);
            foreach (var record in page) yield return Decode(record);
            if (page.Count < _layer.PageSize) yield break;
            after = page[^1].Sequence;
        }
    }

    /// <summary>Deletes a value; false if there was none.</summary>
    public Task<bool> DeleteAsync(string user, string collection, string name, CancellationToken cancellationToken = default)
    {
        Check(user, collection);
        StoreNames.Check(name, nameof(name));
        return _layer.RunAsync(() =>
        {
            if (_layer.Keyring.FindUser(user) is not { } owner
                || _layer.PlaceCore(user, RecordClass.Blob, collection, _layer.NameId(owner, collection, name)) is not { } place) return false;
            _layer.CommitCore(user, [], [place]);
            return true;
        }, cancellationToken);
    }

    private static void Check(string user, string collection)
    {
        StoreNames.Check(user, nameof(user));
        StoreNames.Check(collection, nameof(collection));
    }

    // The name as a field, then the content.
    private static byte[] Encode(string name, ReadOnlySpan<byte> content)
    {
        using var head = new SealWriter();
        head.WriteText(name);
        return [.. head.Written, .. content];
    }

    private static SealedBlob Decode(OpenedRecord record)
    {
        var reader = new SealReader(record.Plaintext, $"blob {record.Id}");
        var name = reader.ReadText();
        return new SealedBlob(name, record.Version, record.Plaintext.AsMemory(record.Plaintext.Length - reader.Remaining));
    }
}
