using PersonaTune.Device.Storage;

namespace PersonaTune.Device.Tests.Storage;

/// <summary>A database whose commits fail on demand, before anything is written.</summary>
internal sealed class FailingRecordStore(IRecordStore inner) : IRecordStore
{
    public bool Fail { get; set; }

    public byte[]? ReadState() => inner.ReadState();

    public void Commit(IReadOnlyList<SealedRow> puts, IReadOnlyList<RecordId> deletes, byte[] state)
    {
        if (Fail) throw new StoreException("database", "the disk is full");
        inner.Commit(puts, deletes, state);
    }

    public SealedRow? Find(RecordId id) => inner.Find(id);

    public RecordPlace? FindPlace(RecordId id) => inner.FindPlace(id);

    public IReadOnlyList<SealedRow> Page(byte[] userTag, byte[]? collectionTag, long after, int limit) => inner.Page(userTag, collectionTag, after, limit);

    public long Count(byte[] userTag, byte[] collectionTag) => inner.Count(userTag, collectionTag);

    public IEnumerable<RecordPlace> Places(byte[]? userTag = null) => inner.Places(userTag);

    public (long Rows, long SealedBytes, long FileBytes) Size() => inner.Size();

    public void Scrub() => inner.Scrub();

    public void Dispose() => inner.Dispose();
}
