using System.Security.Cryptography;
using PersonaTune.Privacy.Sealing;

namespace PersonaTune.Device.Keys;

/// <summary>
/// The keys of one store: a master key that every protector can open, a key for each user wrapped by it, and the device's
/// signing key, in one small file with two slots. Each change is atomic and durable when it returns. Thread-safe. Keys are
/// overwritten with zeros on disposal.
/// </summary>
/// <remarks>
/// <para>Opening takes the newest slot that is whole and authenticates. A damaged slot is replaced by the other one, unless the
/// anchor or the store remembers a later generation: then the keyring was rolled back and <see cref="RollbackException"/> is
/// thrown. A finished change leaves two equal slots, so damage to one of them loses nothing.</para>
/// <para>Removing or replacing a protector, erasing a user and rotating start a new master key. An old copy of the file,
/// together with its passphrase, still opens what it could open then.</para>
/// </remarks>
public sealed partial class Keyring : IDisposable
{
    private readonly Lock _lock = new();
    private string _path;
    private readonly IRollbackAnchor? _anchor;
    private SecretKey _master;
    private KeyringBody _body;
    private List<KeyringProtector> _protectors;
    private uint _epoch;
    private long _generation;
    private int _firstToWrite;
    private bool _bothSlotsCurrent;
    private long _storeGeneration;
    private byte[] _storeDigest = new byte[32];
    private bool _disposed;

    private Keyring(string path, IRollbackAnchor? anchor, StoreId store, SecretKey master, KeyringBody body,
        List<KeyringProtector> protectors, uint epoch, long generation)
    {
        _path = path;
        _anchor = anchor;
        Store = store;
        _master = master;
        _body = body;
        _protectors = protectors;
        _epoch = epoch;
        _generation = generation;
        Identity = new DeviceIdentity(body.DeviceKey.Bytes);
    }

    /// <summary>The store that the keyring belongs to.</summary>
    public StoreId Store { get; }

    /// <summary>The number of changes so far; only grows.</summary>
    public long Generation { get { lock (_lock) return _generation; } }

    /// <summary>The master key's epoch: 1, then one more for each new master key.</summary>
    public uint MasterEpoch { get { lock (_lock) return _epoch; } }

    /// <summary>The users that have a key, in the order in which they were first seen.</summary>
    public IReadOnlyList<string> Users { get { lock (_lock) return [.. _body.Users.Select(u => u.Name)]; } }

    /// <summary>The ways in which the keyring can be opened.</summary>
    public IReadOnlyList<ProtectorSlot> Protectors
    {
        get { lock (_lock) return [.. _protectors.Select(p => new ProtectorSlot(p.Number, p.Kind, p.Label))]; }
    }

    /// <summary>The device's signing key.</summary>
    public DeviceIdentity Identity { get; }

    /// <summary>Whether a rotation of user keys was begun and not finished.</summary>
    public bool RotationPending { get { lock (_lock) return _body.Users.Any(u => u.Keys.Count > 1); } }

    /// <summary>Creates a keyring file; it must not exist.</summary>
    public static Keyring Create(string path, IKeyProtector protector, string label = "first")
    {
        ArgumentNullException.ThrowIfNull(protector);
        if (File.Exists(path)) throw new Storage.StoreException($"keyring '{path}'", "it exists already; open it, or choose another folder");
        var store = StoreId.Create();
        var master = SecretKey.Random();
        var slot = CreateSlot(store, 1, protector, label, 1, master.Bytes);
        var keyring = new Keyring(path, protector.Anchor, store, master, KeyringBody.Create(), [slot], 1, 0);
        lock (keyring._lock) keyring.Commit(keyring._body, keyring._protectors, keyring._master, keyring._epoch);
        return keyring;
    }

    /// <summary>Opens a keyring.</summary>
    /// <param name="path">The file.</param>
    /// <param name="protector">The passphrase, key file or keystore; it must be that of one of the keyring's slots.</param>
    /// <param name="acceptRollback">Accept a keyring older than the protector's anchor remembers.</param>
    /// <exception cref="WrongKeyException">The protector opens no slot.</exception>
    /// <exception cref="TamperedException">Neither slot of the file is intact.</exception>
    /// <exception cref="RollbackException">The keyring is older than the anchor remembers, or its anchor is missing.</exception>
    /// <exception cref="UnsupportedSealVersionException">A newer release wrote the file.</exception>
    public static Keyring Open(string path, IKeyProtector protector, bool acceptRollback = false)
    {
        ArgumentNullException.ThrowIfNull(protector);
        var (slots, problems) = KeyringFile.Read(path);
        SealException? problem = problems[0] as UnsupportedSealVersionException ?? problems[1] as UnsupportedSealVersionException ?? problems[0] ?? problems[1];
        byte[]? refused = null; // the protectors' part that the protector did not open, so that its cost is not paid twice
        foreach (var i in (ReadOnlySpan<int>)(slots[1]?.Generation > (slots[0]?.Generation ?? -1) ? [1, 0] : [0, 1]))
        {
            if (slots[i] is not { } slot) continue;
            var subject = $"keyring '{path}'";
            try
            {
                var (store, epoch, protectors, offset) = KeyringCodec.ReadClear(slot, subject);
                var clear = slot.Bytes[KeyringFile.HeadBytes..offset];
                if (refused is not null && clear.AsSpan().SequenceEqual(refused)) continue;
                refused = clear;
                var (master, opened) = Unlock(store, epoch, protectors, protector, subject);
                KeyringBody body;
                try
                {
                    body = KeyringCodec.ReadBody(slot, offset, store, master.Bytes, subject);
                }
                catch
                {
                    master.Dispose();
                    throw;
                }
                var other = slots[1 - i];
                var keyring = new Keyring(path, protector.Anchor, store, master, body, protectors, epoch, slot.Generation)
                {
                    _firstToWrite = 1 - i,
                    _bothSlotsCurrent = other is not null && other.Bytes.AsSpan().SequenceEqual(slot.Bytes),
                };
                keyring.CheckAnchor(opened, acceptRollback);
                return keyring;
            }
            catch (SealException e) when (e is not RollbackException)
            {
                problem = problem is null or TamperedException ? e : problem;
            }
        }
        throw problem ?? new TamperedException($"keyring '{path}'", "neither of its slots is whole; restore it from a copy");
    }

    /// <summary>Adds a way to open the keyring; returns its slot's number.</summary>
    public int AddProtector(IKeyProtector protector, string label)
    {
        ArgumentNullException.ThrowIfNull(protector);
        lock (_lock)
        {
            ObjectDisposedException.ThrowIf(_disposed, this);
            if (_protectors.Count >= KeyringCodec.MaxProtectors)
                throw new SealException($"keyring '{_path}'", $"it has {_protectors.Count} protectors already; remove one first");
            var number = _protectors.Max(p => p.Number) + 1;
            var slot = CreateSlot(Store, number, protector, label, _epoch, _master.Bytes);
            // Opening through the new protector is to find an anchor from the start.
            protector.Anchor?.Write(Store, new AnchorState(_generation, _storeGeneration, _storeDigest));
            Commit(_body, [.. _protectors, slot], _master, _epoch);
            return number;
        }
    }

    /// <summary>Removes a way to open the keyring and starts a new master key. The last one cannot be removed.</summary>
    public void RemoveProtector(int slot)
    {
        lock (_lock)
        {
            Require(slot);
            if (_protectors.Count == 1)
                throw new SealException($"keyring '{_path}'", $"slot {slot} is its only protector; add another one before removing it");
            CommitNewMaster(_body, [.. _protectors.Where(p => p.Number != slot)]);
        }
    }

    /// <summary>Replaces the protector of a slot (a change of passphrase) and starts a new master key.</summary>
    public void ReplaceProtector(int slot, IKeyProtector protector)
    {
        ArgumentNullException.ThrowIfNull(protector);
        lock (_lock)
        {
            var old = Require(slot);
            var replaced = CreateSlot(Store, slot, protector, old.Label, _epoch, _master.Bytes);
            protector.Anchor?.Write(Store, new AnchorState(_generation, _storeGeneration, _storeDigest));
            CommitNewMaster(_body, [.. _protectors.Select(p => p.Number == slot ? replaced : p)]);
        }
    }

    /// <summary>Starts a new master key: every user's key is wrapped again and given to every protector.</summary>
    public void RotateMaster()
    {
        lock (_lock) CommitNewMaster(_body, _protectors);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        lock (_lock)
        {
            if (_disposed) return;
            _disposed = true;
            _master.Dispose();
            _body.IndexKey.Dispose();
            _body.StateKey.Dispose();
            _body.DeviceKey.Dispose();
            foreach (var user in _body.Users)
                foreach (var key in user.Keys) key.Key.Dispose();
            Identity.Dispose();
        }
    }

    private KeyringProtector Require(int slot)
    {
        ObjectDisposedException.ThrowIf(_disposed, this);
        return _protectors.Find(p => p.Number == slot) ?? throw new SealException($"keyring '{_path}'",
            $"it has no protector slot {slot}; its slots are {string.Join(", ", _protectors.Select(p => p.Number))}");
    }

    private static KeyringProtector CreateSlot(StoreId store, int number, IKeyProtector protector, string label, uint epoch,
        ReadOnlySpan<byte> master)
    {
        var (publicKey, privateKey) = MasterWrap.CreatePair();
        using (privateKey)
        {
            var blob = protector.Protect(privateKey.Bytes, KeyringCodec.ProtectorContext(store, number, publicKey));
            var slot = new KeyringProtector(number, protector.Kind, label, protector.Anchor is not null, publicKey, blob, []);
            return slot with { Master = MasterWrap.Seal(master, publicKey, KeyringCodec.MasterContext(store, slot, epoch)) };
        }
    }

    private static (SecretKey Master, KeyringProtector Slot) Unlock(StoreId store, uint epoch, List<KeyringProtector> protectors,
        IKeyProtector protector, string subject)
    {
        WrongKeyException? wrong = null;
        foreach (var slot in protectors)
        {
            if (!string.Equals(slot.Kind, protector.Kind, StringComparison.Ordinal)) continue;
            try
            {
                using var secret = protector.Unprotect(slot.Protected, KeyringCodec.ProtectorContext(store, slot.Number, slot.PublicKey));
                return (MasterWrap.Open(slot.Master, secret.Bytes, slot.PublicKey, KeyringCodec.MasterContext(store, slot, epoch), subject), slot);
            }
            catch (WrongKeyException e)
            {
                wrong = e;
            }
        }
        throw wrong ?? new WrongKeyException(subject,
            $"it has no protector of kind '{protector.Kind}'; it opens with: {string.Join(", ", protectors.Select(p => p.Kind).Distinct())}");
    }

    private void CommitNewMaster(KeyringBody body, IReadOnlyList<KeyringProtector> protectors)
    {
        ObjectDisposedException.ThrowIf(_disposed, this);
        var master = SecretKey.Random();
        var epoch = checked(_epoch + 1);
        try
        {
            List<KeyringProtector> wrapped =
                [.. protectors.Select(p => p with { Master = MasterWrap.Seal(master.Bytes, p.PublicKey, KeyringCodec.MasterContext(Store, p, epoch)) })];
            var old = _master;
            Commit(body, wrapped, master, epoch);
            old.Dispose();
        }
        catch when (!ReferenceEquals(master, _master))
        {
            master.Dispose();
            throw;
        }
    }

    /// <summary>Makes a new generation durable, then current. On failure the keyring in memory stays as it was.</summary>
    private void Commit(KeyringBody body, List<KeyringProtector> protectors, SecretKey master, uint epoch)
    {
        ObjectDisposedException.ThrowIf(_disposed, this);
        body = body with { StoreFloor = Math.Max(body.StoreFloor, _storeGeneration) };
        var slot = KeyringCodec.Write(Store, _generation + 1, epoch, protectors, master.Bytes, body);
        KeyringFile.Write(_path, slot, _firstToWrite);
        (_body, _protectors, _master, _epoch) = (body, protectors, master, epoch);
        _generation++;
        _bothSlotsCurrent = true;
        CryptographicOperations.ZeroMemory(slot);
        WriteAnchor();
    }
}
