using PersonaTune.Device.Keys;
using PersonaTune.Privacy.Sealing;

namespace PersonaTune.Device.Storage;

// Opening, forgetting and rotating.
internal sealed partial class RecordLayer
{
    private const int RotationBatchBytes = 4 << 20;

    /// <summary>The first state of a new store.</summary>
    public void InitializeCore() => TouchCore();

    /// <summary>
    /// Reads the state, refuses a rollback of store or keyring, compares the records with the state, repairs the keyring's
    /// damaged slot and finishes an interrupted erasure.
    /// </summary>
    public void OpenCore()
    {
        var written = records.ReadState()
            ?? throw new StoreCorruptException(subject, "its database has no state; it was emptied or replaced: restore it from a copy");
        _state = StoreState.Open(written, keyring.StateKey, keyring.Store);
        CheckRollback();
        if (options.VerifyOnOpen) VerifyCore();
        if (options.AcceptRollback)
        {
            // Versions are commit numbers: those of the history that is given up must not be used again.
            keyring.RaiseTo(_state.KeyringFloor);
            var known = Math.Max(keyring.StoreFloor, keyring.AnchorAtOpen?.StoreGeneration ?? 0);
            _state = _state with { Generation = Math.Max(_state.Generation, known) };
        }
        keyring.SetStore(_state.Generation, _state.Digest(keyring.StateKey));
        keyring.Heal();
        if (keyring.Erasing.Count > 0) FinishErasingCore();
        else if (options.AcceptRollback) TouchCore(); // so that store, keyring and anchor agree again
    }

    /// <summary>Compares the places of all records with the authenticated state.</summary>
    public void VerifyCore()
    {
        var hash = MultisetHash.Empty;
        long count = 0;
        foreach (var place in records.Places())
        {
            if (place.UserTag.Length != RecordPlace.TagLength || place.CollectionTag.Length != RecordPlace.TagLength)
                throw new TamperedException(subject, $"record {place.Id} has tags of a wrong length; it was altered");
            hash = hash.Add(keyring.StateKey.Bytes, place.Encode());
            count++;
        }
        if (count != _state.Records)
            throw new TamperedException(subject, $"expected {_state.Records} records, found {count}; records were removed or added outside PersonaTune: restore it from a copy");
        if (hash != _state.Hash)
            throw new TamperedException(subject, "its records are not those of its last commit; some were moved, exchanged or replaced by older versions: restore it from a copy");
    }

    /// <summary>Drops a user's key, then the records, then what is left of them in the files.</summary>
    public long ForgetCore(string user)
    {
        if (keyring.FindUser(user) is not { } owner) return 0;
        _catalogs.Remove(user);
        keyring.EraseUser(owner); // from here on the records cannot be opened, whatever happens next
        return FinishErasingCore();
    }

    /// <summary>Gives every record a new key; safe to interrupt and to repeat.</summary>
    public void BeginRotationCore() => keyring.BeginUserRotation();

    /// <summary>Seals up to one batch of records again; null when none is left, else how many.</summary>
    public int? RotateBatchCore(ref int userIndex, ref long after)
    {
        while (userIndex < keyring.AllUsers.Count)
        {
            var owner = keyring.AllUsers[userIndex];
            var names = CatalogCore(owner).Entries.Append((Class: RecordClass.Catalog, Name: ""))
                .ToDictionary(e => Convert.ToHexStringLower(CollectionTag(owner, e.Class, e.Name)), StringComparer.Ordinal);
            var page = records.Page(owner.Tag, null, after, 32);
            if (page.Count == 0)
            {
                userIndex++;
                after = 0;
                continue;
            }
            var rows = new List<SealedRow>();
            long bytes = 0;
            foreach (var row in page)
            {
                if (bytes > RotationBatchBytes) break;
                after = row.Sequence;
                if (RecordSealer.EpochOf(row.Sealed, $"record {row.Place.Id}") == owner.Current.Epoch) continue;
                if (!names.TryGetValue(Convert.ToHexStringLower(row.Place.CollectionTag), out var name))
                    throw new TamperedException(subject, $"record {row.Place.Id} is of a collection that its user does not have; it was altered");
                var plaintext = OpenRow(owner, name.Class, name.Name, row).Plaintext;
                var version = _state.Generation + 1;
                var context = Context(owner, name.Class, name.Name, row.Place.Id, version);
                var resealed = RecordSealer.Seal(owner.Current.Key.Bytes, owner.Current.Epoch, context, plaintext);
                System.Security.Cryptography.CryptographicOperations.ZeroMemory(plaintext);
                rows.Add(new SealedRow(row.Place with { Version = version }, resealed));
                bytes += resealed.Length;
            }
            if (rows.Count > 0) WriteCore(rows, []);
            return rows.Count;
        }
        return null;
    }

    /// <summary>Drops the old keys once no record needs them.</summary>
    public void FinishRotationCore()
    {
        keyring.FinishUserRotation();
        TouchCore();
        records.Scrub();
    }

    /// <summary>A new master key.</summary>
    public void RotateMasterCore()
    {
        keyring.RotateMaster();
        TouchCore();
    }

    public StoreStatistics StatisticsCore()
    {
        var (rows, sealedBytes, fileBytes) = records.Size();
        return new StoreStatistics(rows, sealedBytes, fileBytes, _state.Generation, keyring.Generation, keyring.MasterEpoch, keyring.Users.Count);
    }

    private long FinishErasingCore()
    {
        long removed = 0;
        foreach (var tag in keyring.Erasing)
        {
            List<RecordPlace> places = [.. records.Places(tag)];
            WriteCore([], places);
            removed += places.Count;
        }
        records.Scrub();
        keyring.FinishErasing();
        TouchCore();
        return removed;
    }

    private void CheckRollback()
    {
        if (options.AcceptRollback) return;
        if (_state.Generation < keyring.StoreFloor) throw new RollbackException(subject, _state.Generation, keyring.StoreFloor);
        if (keyring.Generation < _state.KeyringFloor)
            throw new RollbackException($"keyring of {subject}", keyring.Generation, _state.KeyringFloor);
        if (keyring.AnchorAtOpen is not { } anchor) return;
        if (_state.Generation < anchor.StoreGeneration) throw new RollbackException(subject, _state.Generation, anchor.StoreGeneration);
        if (_state.Generation == anchor.StoreGeneration && _state.Generation > 0 && !_state.Digest(keyring.StateKey).AsSpan().SequenceEqual(anchor.StoreDigest.Span))
            throw new RollbackException(subject, $"its commit {_state.Generation} is not the one that the anchor remembers; a copy that went another way was put in its place");
    }
}
