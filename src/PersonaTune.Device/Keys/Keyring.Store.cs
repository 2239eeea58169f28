using PersonaTune.Privacy.Sealing;

namespace PersonaTune.Device.Keys;

// What the store needs of the keyring: users' keys and tags, the anchor, the repair of a damaged slot.
public sealed partial class Keyring
{
    internal long StoreFloor { get { lock (_lock) return _body.StoreFloor; } }

    internal AnchorState? AnchorAtOpen { get; private set; }

    /// <summary>Constant for the store's life; owned by the keyring.</summary>
    internal SecretKey StateKey => _body.StateKey;

    /// <summary>Constant for the store's life; owned by the keyring.</summary>
    internal SecretKey IndexKey => _body.IndexKey;

    internal IReadOnlyList<byte[]> Erasing { get { lock (_lock) return _body.Erasing; } }

    internal KeyringUser? FindUser(string name)
    {
        lock (_lock)
        {
            ObjectDisposedException.ThrowIf(_disposed, this);
            foreach (var user in _body.Users)
                if (string.Equals(user.Name, name, StringComparison.Ordinal)) return user;
            return null;
        }
    }

    internal IReadOnlyList<KeyringUser> AllUsers { get { lock (_lock) return _body.Users; } }

    internal KeyringUser EnsureUser(string name)
    {
        lock (_lock)
        {
            if (FindUser(name) is { } known) return known;
            using var random = SecretKey.Random(KeyringUser.TagBytes);
            var user = new KeyringUser(name, random.Bytes.ToArray(), [new KeyringUserKey(1, SecretKey.Random())]);
            Commit(_body with { Users = [.. _body.Users, user] }, _protectors, _master, _epoch);
            return user;
        }
    }

    /// <summary>Drops a user's keys under a new master key and remembers that the records are to be deleted.</summary>
    internal void EraseUser(KeyringUser user)
    {
        lock (_lock)
        {
            CommitNewMaster(
                _body with { Users = [.. _body.Users.Where(u => !ReferenceEquals(u, user))], Erasing = [.. _body.Erasing, user.Tag] }, _protectors);
            foreach (var key in user.Keys) key.Key.Dispose();
        }
    }

    /// <summary>The records of erased users are gone.</summary>
    internal void FinishErasing()
    {
        lock (_lock)
        {
            if (_body.Erasing.Count > 0) Commit(_body with { Erasing = [] }, _protectors, _master, _epoch);
        }
    }

    /// <summary>Gives every user a fresh key beside the old one, under a new master key; nothing if that was done already.</summary>
    internal void BeginUserRotation()
    {
        lock (_lock)
        {
            if (RotationPending) return;
            CommitNewMaster(_body with { Users = [.. _body.Users.Select(AddKey)] }, _protectors);
        }

        static KeyringUser AddKey(KeyringUser user) =>
            user with { Keys = [.. user.Keys, new KeyringUserKey(checked(user.Current.Epoch + 1), SecretKey.Random())] };
    }

    /// <summary>Drops every key but the newest of each user: no record needs the others any more.</summary>
    internal void FinishUserRotation()
    {
        lock (_lock)
        {
            if (!RotationPending) return;
            var old = _body.Users.SelectMany(u => u.Keys.SkipLast(1)).ToList();
            Commit(_body with { Users = [.. _body.Users.Select(u => u with { Keys = [u.Current] })] }, _protectors, _master, _epoch);
            foreach (var key in old) key.Key.Dispose();
        }
    }

    /// <summary>Renames the file: the last step of a store's creation.</summary>
    internal void MoveTo(string path)
    {
        lock (_lock)
        {
            File.Move(_path, path);
            DurableFile.FlushFolder(Path.GetDirectoryName(Path.GetFullPath(path))!);
            _path = path;
        }
    }

    /// <summary>The store's present state, to be mirrored to the anchor.</summary>
    internal void RecordStore(long generation, byte[] digest)
    {
        lock (_lock)
        {
            _storeGeneration = generation;
            _storeDigest = digest;
            WriteAnchor();
        }
    }

    /// <summary>Sets the store's state without mirroring it: it was just read.</summary>
    internal void SetStore(long generation, byte[] digest)
    {
        lock (_lock) (_storeGeneration, _storeDigest) = (generation, digest);
    }

    /// <summary>
    /// Continues from a later generation after a rollback was accepted, so that no number is used twice; <see cref="Heal"/>
    /// writes it.
    /// </summary>
    internal void RaiseTo(long generation)
    {
        lock (_lock)
        {
            if (generation <= _generation) return;
            _generation = generation;
            _bothSlotsCurrent = false;
        }
    }

    /// <summary>Replaces a damaged or older slot by the current one, once no rollback is suspected any more.</summary>
    internal void Heal()
    {
        lock (_lock)
        {
            if (!_bothSlotsCurrent) Commit(_body, _protectors, _master, _epoch);
        }
    }

    private void WriteAnchor() => _anchor?.Write(Store, new AnchorState(_generation, _storeGeneration, _storeDigest));

    private AnchorState? ReadOrIgnore(IRollbackAnchor anchor)
    {
        try
        {
            return anchor.Read(Store);
        }
        catch (TamperedException)
        {
            return null; // the caller accepted the loss of what it remembered
        }
    }

    private void CheckAnchor(KeyringProtector slot, bool acceptRollback)
    {
        try
        {
            if (_anchor is null) return;
            if (acceptRollback)
            {
                AnchorAtOpen = ReadOrIgnore(_anchor);
                RaiseTo(AnchorAtOpen?.KeyringGeneration ?? 0);
                return;
            }
            var state = _anchor.Read(Store);
            if (state is null)
            {
                if (slot.Anchored)
                    throw new RollbackException($"keyring '{_path}'",
                        "the anchor of its protector is missing, so an old copy could not be told; restore the anchor, or open with AcceptRollback");
                return;
            }
            if (state.KeyringGeneration > _generation)
                throw new RollbackException($"keyring '{_path}'", _generation, state.KeyringGeneration);
            AnchorAtOpen = state;
        }
        catch
        {
            Dispose();
            throw;
        }
    }
}
