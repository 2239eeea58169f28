namespace PersonaTune.Device.Storage;

/// <summary>
/// The database under a <see cref="SealedStore"/>. It sees sealed bytes, random identities and opaque tags only, so security
/// never depends on it; durability and atomicity do. Calls come one at a time. Failures are <see cref="StoreException"/>s.
/// </summary>
public interface IRecordStore : IDisposable
{
    /// <summary>The sealed state that the last commit wrote, or null if there never was one.</summary>
    byte[]? ReadState();

    /// <summary>
    /// Writes <paramref name="puts"/> (replacing rows of the same identity, whose position they keep), removes
    /// <paramref name="deletes"/> and replaces the state, all or nothing, and returns once that would survive a loss of power.
    /// </summary>
    void Commit(IReadOnlyList<SealedRow> puts, IReadOnlyList<RecordId> deletes, byte[] state);

    /// <summary>A row, or null.</summary>
    SealedRow? Find(RecordId id);

    /// <summary>A row's place, or null.</summary>
    RecordPlace? FindPlace(RecordId id);

    /// <summary>
    /// At most <paramref name="limit"/> rows of a user after position <paramref name="after"/>, in order of position; of every
    /// collection if <paramref name="collectionTag"/> is null.
    /// </summary>
    IReadOnlyList<SealedRow> Page(byte[] userTag, byte[]? collectionTag, long after, int limit);

    /// <summary>The number of rows of a user's collection.</summary>
    long Count(byte[] userTag, byte[] collectionTag);

    /// <summary>The places of all rows, or those of one user, in any order. Not to be interleaved with other calls.</summary>
    IEnumerable<RecordPlace> Places(byte[]? userTag = null);

    /// <summary>The number of rows, the size of their sealed bytes, and that of the database's files.</summary>
    (long Rows, long SealedBytes, long FileBytes) Size();

    /// <summary>Overwrites or returns to the system whatever deleted rows have left in the database's files.</summary>
    void Scrub();
}
