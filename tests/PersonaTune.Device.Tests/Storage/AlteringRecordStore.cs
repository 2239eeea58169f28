using PersonaTune.Device.Storage;

namespace PersonaTune.Device.Tests.Storage;

/// <summary>A database that hands out other rows than it was given.</summary>
internal sealed class AlteringRecordStore(IRecordStore inner) : IRecordStore
{
    public Func<SealedRow, SealedRow>? Alter { get; set; }

    public byte[]? ReadState() => inner.ReadState();

    public void Commit(IReadOnlyList<SealedRow> puts, IReadOnlyList<RecordId> deletes, byte[] state) => inner.Commit(puts, deletes, state);

    public SealedRow? Find(RecordId id) => inner.Find(id) is { } row ? Alter?.Invoke(row) ?? row : null;

    public RecordPlace? FindPlace(RecordId id) => inner.FindPlace(id);

    public IReadOnlyList<SealedRow> Page(byte[] userTag, byte[]? collectionTag, long after, int limit) =>
        [.. inner.Page(userTag, collectionTag, after, limit).Select(row => Alter?.Invoke(row) ?? row)];

    public long Count(byte[] userTag, byte[] collectionTag) => inner.Count(userTag, collectionTag);

    public IEnumerable<RecordPlace> Places(byte[]? userTag = null) => inner.Places(userTag);

    public (long Rows, long SealedBytes, long FileBytes) Size() => inner.Size();

    public void Scrub() => inner.Scrub();

    public void Dispose() => inner.Dispose();
}
