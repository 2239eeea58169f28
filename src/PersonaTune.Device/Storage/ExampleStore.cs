using System.Runtime.CompilerServices;
using PersonaTune.Privacy.Sealing;

namespace PersonaTune.Device.Storage;

/// <summary>The examples of a <see cref="SealedStore"/>, sealed one by one. Thread-safe; obtained from <see cref="SealedStore.Examples"/>.</summary>
public sealed class ExampleStore
{
    /// <summary>The largest content of an example: 16 MiB.</summary>
    public const int MaxContent = 16 << 20;

    private const int HeadBytes = 1 + 8;
    private readonly RecordLayer _layer;

    internal ExampleStore(RecordLayer layer) => _layer = layer;

    /// <summary>
    /// Raised after examples were durably deleted, on the thread that deleted them. If the process dies before a handler ran, the
    /// deletion stands: check what learned from examples with <see cref="MissingAsync"/> when it is loaded.
    /// </summary>
    public event EventHandler<ExamplesDeletedEventArgs>? Deleted;

    /// <summary>Adds one example; durable once the task completes.</summary>
    public async Task<RecordId> AddAsync(string user, string collection, ReadOnlyMemory<byte> content, ExampleKind kind, DateTimeOffset time,
        CancellationToken cancellationToken = default) =>
        (await AddRangeAsync(user, collection, [new NewExample(kind, time, content)], cancellationToken).ConfigureAwait(false))[0];

    /// <summary>Adds examples in one transaction: all or none; durable once the task completes. Returns their identities in order.</summary>
    /// <exception cref="ArgumentException">A content is empty or larger than <see cref="MaxContent"/>, or a name is malformed.</exception>
    public async Task<IReadOnlyList<RecordId>> AddRangeAsync(string user, string collection, IReadOnlyList<NewExample> examples,
        CancellationToken cancellationToken = default)
    {
        Check(user, collection);
        ArgumentNullException.ThrowIfNull(examples);
        if (examples.Count == 0) return [];
        var puts = new RecordPut[examples.Count];
        for (var i = 0; i < puts.Length; i++)
        {
            if (examples[i].Content.Length is 0 or > MaxContent)
                throw new ArgumentException($"example {i} has {examples[i].Content.Length} bytes, expected 1 to {MaxContent}", nameof(examples));
            puts[i] = new RecordPut(RecordId.Create(), RecordClass.Example, collection, Encode(examples[i]));
        }
        await _layer.RunAsync(() => _layer.CommitCore(user, puts, []), cancellationToken).ConfigureAwait(false);
        return [.. puts.Select(p => p.Id)];
    }

    /// <summary>One example, or null if it does not exist.</summary>
    /// <exception cref="TamperedException">It was altered.</exception>
    public async Task<Example?> GetAsync(string user, string collection, RecordId id, CancellationToken cancellationToken = default)
    {
        Check(user, collection);
        var record = await _layer.RunAsync(() => _layer.GetCore(user, RecordClass.Example, collection, id), cancellationToken).ConfigureAwait(false);
        return record is null ? null : Decode(user, collection, record);
    }

    /// <summary>
    /// The examples in the order in which they were added, decrypted page by page; examples added meanwhile appear at the end.
    /// That order is not authenticated: sort by <see cref="Example.Time"/> where it matters.
    /// </summary>
    /// <exception cref="TamperedException">A record was altered.</exception>
    public async IAsyncEnumerable<Example> ListAsync(string user, string collection, [EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        Check(user, collection);
        long after = 0;
        while (true)
        {
            var start = after;
            var page = await _layer.RunAsync(() => _layer.PageCore(user, RecordClass.Example, collection, start), cancellationToken).ConfigureAwait(false);
            foreach (var record in page) yield return Decode(user, collection, record);
            if (page.Count < _layer.PageSize) yield break;
            after = page[^1].Sequence;
        }
    }

    /// <summary>The number of examples.</summary>
    public Task<long> CountAsync(string user, string collection, CancellationToken cancellationToken = default)
    {
        Check(user, collection);
        return _layer.RunAsync(() => _layer.CountCore(user, RecordClass.Example, collection), cancellationToken);
    }

    /// <summary>The names of the collections that the user has or had examples in.</summary>
    public Task<IReadOnlyList<string>> CollectionsAsync(string user, CancellationToken cancellationToken = default)
    {
        StoreNames.Check(user, nameof(user));
        return _layer.RunAsync(() => _layer.CollectionsCore(user, RecordClass.Example), cancellationToken);
    }

    /// <summary>The digest of a collection's present examples (<see cref="ExampleSetDigest"/>).</summary>
    public async Task<byte[]> DigestAsync(string user, string collection, CancellationToken cancellationToken = default)
    {
        var leaves = new List<(RecordId, byte[])>();
        await foreach (var example in ListAsync(user, collection, cancellationToken).ConfigureAwait(false)) leaves.Add((example.Id, example.ContentHash()));
        return ExampleSetDigest.Compute(leaves);
    }

    /// <summary>Which of <paramref name="ids"/> no longer exist: what learned from them is stale.</summary>
    public Task<IReadOnlyList<RecordId>> MissingAsync(string user, string collection, IReadOnlyCollection<RecordId> ids,
        CancellationToken cancellationToken = default)
    {
        Check(user, collection);
        ArgumentNullException.ThrowIfNull(ids);
        return _layer.RunAsync<IReadOnlyList<RecordId>>(
            () => [.. ids.Where(id => _layer.PlaceCore(user, RecordClass.Example, collection, id) is null)], cancellationToken);
    }

    /// <summary>Deletes those of <paramref name="ids"/> that exist, in one transaction, and returns how many; then raises <see cref="Deleted"/>.</summary>
    public async Task<int> DeleteAsync(string user, string collection, IReadOnlyCollection<RecordId> ids, CancellationToken cancellationToken = default)
    {
        Check(user, collection);
        ArgumentNullException.ThrowIfNull(ids);
        var deleted = await _layer.RunAsync(() =>
        {
            List<RecordPlace> places = [.. ids.Distinct().Select(id => _layer.PlaceCore(user, RecordClass.Example, collection, id)).OfType<RecordPlace>()];
            if (places.Count > 0) _layer.CommitCore(user, [], places);
            return places;
        }, cancellationToken).ConfigureAwait(false);
        if (deleted.Count > 0) RaiseDeleted(new ExamplesDeletedEventArgs(user, [.. deleted.Select(p => p.Id)], userForgotten: false));
        return deleted.Count;
    }

    /// <summary>
    /// Writes the examples <b>in the clear</b>, one JSON object a line:
    /// <c>{"id", "collection", "kind", "time", "text"}</c>, or <c>"base64"</c> instead of <c>"text"</c> for what is not text.
    /// Returns their number.
    /// </summary>
    public async Task<long> ExportAsync(string user, string collection, Stream destination, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(destination);
        long count = 0;
        await foreach (var example in ListAsync(user, collection, cancellationToken).ConfigureAwait(false))
        {
            await destination.WriteAsync(ExampleJson.Line(example), cancellationToken).ConfigureAwait(false);
            count++;
        }
        await destination.FlushAsync(cancellationToken).ConfigureAwait(false);
        return count;
    }

    internal void RaiseDeleted(ExamplesDeletedEventArgs arguments) => Deleted?.Invoke(this, arguments);

    private static void Check(string user, string collection)
    {
        StoreNames.Check(user, nameof(user));
        StoreNames.Check(collection, nameof(collection));
    }

    // Kind 1, UTC ticks 8, content.
    private static byte[] Encode(NewExample example)
    {
        var bytes = new byte[HeadBytes + example.Content.Length];
        bytes[0] = (byte)example.Kind;
        System.Buffers.Binary.BinaryPrimitives.WriteInt64LittleEndian(bytes.AsSpan(1), example.Time.UtcTicks);
        example.Content.Span.CopyTo(bytes.AsSpan(HeadBytes));
        return bytes;
    }

    private static Example Decode(string user, string collection, OpenedRecord record)
    {
        var subject = $"example {record.Id}";
        var reader = new SealReader(record.Plaintext, subject);
        var kind = (ExampleKind)reader.ReadByte();
        var ticks = reader.ReadInt64();
        if (ticks < DateTimeOffset.MinValue.Ticks || ticks > DateTimeOffset.MaxValue.Ticks)
            throw new TamperedException(subject, "its time is out of range");
        return new Example(record.Id, user, collection, kind, new DateTimeOffset(ticks, TimeSpan.Zero), record.Plaintext.AsMemory(HeadBytes));
    }
}
