namespace PersonaTune.Device.Storage;

/// <summary>Where a store lies and how it behaves.</summary>
public sealed class SealedStoreOptions
{
    /// <summary>The folder with <c>store.db</c>, <c>keyring.ptk</c> and <c>store.lock</c>; created if absent. Required.</summary>
    public required string Folder { get; init; }

    /// <summary>
    /// Whether opening reads the place and version of every record and compares them with the authenticated state, so that a
    /// removed, duplicated or replayed record is noticed at once. Default true; about 2 microseconds a record.
    /// </summary>
    public bool VerifyOnOpen { get; init; } = true;

    /// <summary>
    /// Accept a store or keyring that is older than its anchor remembers, and record its present state instead. For a
    /// deliberate restore of a backup. Default false.
    /// </summary>
    public bool AcceptRollback { get; init; }

    /// <summary>Records read and decrypted at a time by a listing. Default 128.</summary>
    public int PageSize { get; init; } = 128;

    /// <summary>Opens or creates the database at a path. Default: <see cref="SqliteRecordStore"/>.</summary>
    public Func<string, IRecordStore> OpenDatabase { get; init; } = static path => new SqliteRecordStore(path);

    internal void Validate()
    {
        if (string.IsNullOrEmpty(Folder)) throw new StoreException("store", "SealedStoreOptions.Folder is empty; name a folder");
        if (PageSize < 1) throw new StoreException($"store '{Folder}'", $"SealedStoreOptions.PageSize is {PageSize}, expected 1 or more");
    }
}
