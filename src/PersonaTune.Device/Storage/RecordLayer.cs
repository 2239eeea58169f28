using PersonaTune.Device.Keys;
using PersonaTune.Privacy.Sealing;

namespace PersonaTune.Device.Storage;

/// <summary>
/// Seals and opens records between the stores above and the database below, and keeps the authenticated state. Members whose
/// name ends in Core run inside <see cref="RunAsync{T}"/>, one at a time.
/// </summary>
internal sealed partial class RecordLayer(string subject, IRecordStore records, Keyring keyring, SealedStoreOptions options) : IDisposable
{
    private const int Schema = 1;
    private readonly SemaphoreSlim _gate = new(1, 1);
    private readonly Dictionary<string, UserCatalog> _catalogs = new(StringComparer.Ordinal);
    private StoreState _state = StoreState.Initial;
    private bool _disposed;

    public Keyring Keyring => keyring;

    public int PageSize => options.PageSize;

    public StoreState State => _state;

    /// <summary>Runs on the thread pool, alone.</summary>
    public async Task<T> RunAsync<T>(Func<T> action, CancellationToken cancellationToken)
    {
        await _gate.WaitAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            ObjectDisposedException.ThrowIf(_disposed, typeof(SealedStore));
            return await Task.Run(action, cancellationToken).ConfigureAwait(false);
        }
        finally
        {
            _gate.Release();
        }
    }

    public void Dispose()
    {
        _gate.Wait();
        try
        {
            if (_disposed) return;
            _disposed = true;
            records.Dispose();
            keyring.Dispose();
        }
        finally
        {
            _gate.Release();
        }
    }

    /// <summary>Writes and deletes in one commit; returns its number, which is the version of what was written.</summary>
    public long CommitCore(string user, IReadOnlyList<RecordPut> puts, IReadOnlyList<RecordPlace> deletes)
    {
        if (puts.Count == 0) return WriteCore([], deletes);
        var owner = keyring.EnsureUser(user);
        var catalog = CatalogCore(owner);
        var grown = catalog;
        foreach (var put in puts)
            if (!grown.Contains(put.Class, put.Collection)) grown = grown.With(put.Class, put.Collection);
        if (!ReferenceEquals(grown, catalog)) puts = [.. puts, new RecordPut(CatalogId(owner), RecordClass.Catalog, "", grown.Encode())];
        var version = _state.Generation + 1;
        var rows = new List<SealedRow>(puts.Count);
        foreach (var put in puts)
        {
            var place = new RecordPlace(put.Id, owner.Tag, CollectionTag(owner, put.Class, put.Collection), version);
            var context = Context(owner, put.Class, put.Collection, put.Id, version);
            rows.Add(new SealedRow(place, RecordSealer.Seal(owner.Current.Key.Bytes, owner.Current.Epoch, context, put.Plaintext.Span)));
        }
        WriteCore(rows, deletes);
        _catalogs[user] = grown;
        return version;
    }

    /// <summary>Writes sealed rows with the next state. On failure the state is read again from the database.</summary>
    private long WriteCore(IReadOnlyList<SealedRow> rows, IReadOnlyList<RecordPlace> deletes)
    {
        var hash = _state.Hash;
        var count = _state.Records;
        var key = keyring.StateKey.Bytes;
        foreach (var place in deletes)
        {
            hash = hash.Remove(key, place.Encode());
            count--;
        }
        foreach (var row in rows)
        {
            if (records.FindPlace(row.Place.Id) is { } old)
            {
                hash = hash.Remove(key, old.Encode());
                count--;
            }
            hash = hash.Add(key, row.Place.Encode());
            count++;
        }
        var next = new StoreState(_state.Generation + 1, count, hash, keyring.Generation);
        try
        {
            records.Commit(rows, [.. deletes.Select(d => d.Id)], next.Seal(keyring.StateKey, keyring.Store));
        }
        catch
        {
            if (records.ReadState() is { } written) _state = StoreState.Open(written, keyring.StateKey, keyring.Store);
            throw;
        }
        _state = next;
        keyring.RecordStore(next.Generation, next.Digest(keyring.StateKey));
        return next.Generation;
    }

    /// <summary>A commit without records: it raises what store and keyring remember of each other.</summary>
    public void TouchCore() => WriteCore([], []);

    public OpenedRecord? GetCore(string user, RecordClass recordClass, string collection, RecordId id)
    {
        if (keyring.FindUser(user) is not { } owner || records.Find(id) is not { } row) return null;
        // A row of another user or collection is not an error: it is not there, under this name.
        if (!row.Place.UserTag.AsSpan().SequenceEqual(owner.Tag)
            || !row.Place.CollectionTag.AsSpan().SequenceEqual(CollectionTag(owner, recordClass, collection))) return null;
        return OpenRow(owner, recordClass, collection, row);
    }

    /// <summary>The place of a record if it belongs to the user's collection.</summary>
    public RecordPlace? PlaceCore(string user, RecordClass recordClass, string collection, RecordId id) =>
        keyring.FindUser(user) is { } owner && records.FindPlace(id) is { } place && place.UserTag.AsSpan().SequenceEqual(owner.Tag)
            && place.CollectionTag.AsSpan().SequenceEqual(CollectionTag(owner, recordClass, collection)) ? place : null;

    public List<OpenedRecord> PageCore(string user, RecordClass recordClass, string collection, long after)
    {
        if (keyring.FindUser(user) is not { } owner) return [];
        var tag = CollectionTag(owner, recordClass, collection);
        return [.. records.Page(owner.Tag, tag, after, options.PageSize).Select(row => OpenRow(owner, recordClass, collection, row))];
    }

    public long CountCore(string user, RecordClass recordClass, string collection) =>
        keyring.FindUser(user) is { } owner ? records.Count(owner.Tag, CollectionTag(owner, recordClass, collection)) : 0;

    public IReadOnlyList<string> CollectionsCore(string user, RecordClass recordClass) =>
        keyring.FindUser(user) is { } owner
            ? [.. CatalogCore(owner).Entries.Where(e => e.Class == recordClass).Select(e => e.Name)]
            : [];

    /// <summary>The identity of a named value: a keyed hash, so that a name has one place and shows nothing.</summary>
    public RecordId NameId(KeyringUser owner, string collection, string name) =>
        RecordId.Read(KeyDerivation.Tag(keyring.IndexKey.Bytes, "PersonaTune/name/1", RecordId.Length, Convert.ToHexStringLower(owner.Tag), collection, name));

    private OpenedRecord OpenRow(KeyringUser owner, RecordClass recordClass, string collection, SealedRow row)
    {
        var context = Context(owner, recordClass, collection, row.Place.Id, row.Place.Version);
        var epoch = RecordSealer.EpochOf(row.Sealed, context.Subject);
        foreach (var key in owner.Keys)
        {
            if (key.Epoch == epoch)
                return new OpenedRecord(row.Place.Id, row.Place.Version, row.Sequence, RecordSealer.Open(key.Key.Bytes, context, row.Sealed));
        }
        throw new TamperedException(context.Subject, $"it states key epoch {epoch}, which its user does not have; it was altered or replayed");
    }

    private UserCatalog CatalogCore(KeyringUser owner)
    {
        if (_catalogs.TryGetValue(owner.Name, out var known)) return known;
        var row = records.Find(CatalogId(owner));
        var catalog = row is null ? UserCatalog.Empty : UserCatalog.Decode(OpenRow(owner, RecordClass.Catalog, "", row).Plaintext, subject);
        return _catalogs[owner.Name] = catalog;
    }

    private RecordId CatalogId(KeyringUser owner) =>
        RecordId.Read(KeyDerivation.Tag(keyring.IndexKey.Bytes, "PersonaTune/catalog/1", RecordId.Length, Convert.ToHexStringLower(owner.Tag)));

    private byte[] CollectionTag(KeyringUser owner, RecordClass recordClass, string collection) =>
        KeyDerivation.Tag(keyring.IndexKey.Bytes, "PersonaTune/collection/1", RecordPlace.TagLength,
            ClassName(recordClass), Convert.ToHexStringLower(owner.Tag), collection);

    private SealContext Context(KeyringUser owner, RecordClass recordClass, string collection, RecordId id, long version) =>
        new(ClassName(recordClass), keyring.Store.ToArray(), collection, id.ToArray(), owner.Name, Schema, version);

    private static string ClassName(RecordClass recordClass) => recordClass switch
    {
        RecordClass.Catalog => "catalog",
        RecordClass.Example => "example",
        RecordClass.Blob => "blob",
        RecordClass.Consent => "consent",
        RecordClass.PrivacyLedger => "privacy ledger",
        _ => throw new ArgumentOutOfRangeException(nameof(recordClass), recordClass, "unknown record class"),
    };
}
