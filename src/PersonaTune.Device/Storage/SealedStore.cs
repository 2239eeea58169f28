using PersonaTune.Device.Keys;

namespace PersonaTune.Device.Storage;

/// <summary>
/// The encrypted store of a device: one folder with a database of sealed records, a keyring, and a lock. One process at a time
/// has it open. Thread-safe; every change is durable when its task completes.
/// </summary>
/// <remarks>
/// <para><b>Protected:</b> contents, kinds, times, and the names of users, collections and values, by AES-256-GCM under a key for
/// each record version, bound to its place. <b>Visible</b> to whoever reads the files: how many records there are, in what order
/// they were added and in which commits they were last written, which belong together (same user, same collection, as random or
/// keyed tags), their sizes rounded as <see cref="Privacy.Sealing.Padding"/> says, the number of users and commits, and the kinds
/// and labels of the protectors.</para>
/// <para><b>Noticed:</b> any altered, moved, exchanged, removed, added or replayed record; an old database beside the newer
/// keyring and the reverse; and, if the protector has an anchor (<see cref="KeyFileProtector"/>), an old copy of the whole folder.
/// <b>Without an anchor the restore of the whole folder from an old copy cannot be noticed</b>: nothing inside it can know.</para>
/// <para>Deleted records are overwritten in the database file; flash storage may keep older copies of its own, which is why
/// <see cref="ForgetAsync"/> also destroys the user's key.</para>
/// </remarks>
public sealed class SealedStore : IAsyncDisposable, IDisposable
{
    /// <summary>The user to whom what belongs to no person is filed (for example a global adapter).</summary>
    public const string DeviceUser = "$device";

    private readonly RecordLayer _layer;
    private readonly FileStream _lock;

    private SealedStore(RecordLayer layer, FileStream fileLock, string folder)
    {
        _layer = layer;
        _lock = fileLock;
        Folder = folder;
        Examples = new ExampleStore(layer);
        Blobs = new SealedBlobs(layer);
    }

    /// <summary>The store's folder.</summary>
    public string Folder { get; }

    /// <summary>The examples.</summary>
    public ExampleStore Examples { get; }

    /// <summary>The named values.</summary>
    public SealedBlobs Blobs { get; }

    /// <summary>The keyring: protectors, users, the device's signing key.</summary>
    public Keyring Keyring => _layer.Keyring;

    internal RecordLayer Layer => _layer;

    /// <summary>Whether <paramref name="folder"/> holds a store.</summary>
    public static bool Exists(string folder) => File.Exists(StorePaths.Keyring(folder));

    /// <summary>Creates a store guarded by <paramref name="protector"/>, which stays the caller's to dispose.</summary>
    /// <exception cref="StoreException">The folder holds a store, or part of one, already.</exception>
    /// <exception cref="StoreInUseException">Another process has it open.</exception>
    public static Task<SealedStore> CreateAsync(SealedStoreOptions options, IKeyProtector protector,
        CancellationToken cancellationToken = default) => StartAsync(options, protector, create: true, cancellationToken);

    /// <summary>Opens a store. Deriving the key of a passphrase takes some tenths of a second by design.</summary>
    /// <exception cref="StoreNotFoundException">The folder holds no store, or a file of it is missing.</exception>
    /// <exception cref="StoreInUseException">Another process has it open.</exception>
    /// <exception cref="StoreCorruptException">The database is truncated or damaged.</exception>
    /// <exception cref="Privacy.Sealing.WrongKeyException">The passphrase or key file is not this store's.</exception>
    /// <exception cref="Privacy.Sealing.TamperedException">Keyring or records were altered.</exception>
    /// <exception cref="RollbackException">An old copy was put in the place of database, keyring or both.</exception>
    /// <exception cref="Privacy.Sealing.UnsupportedSealVersionException">A newer release wrote it.</exception>
    public static Task<SealedStore> OpenAsync(SealedStoreOptions options, IKeyProtector protector,
        CancellationToken cancellationToken = default) => StartAsync(options, protector, create: false, cancellationToken);

    /// <summary>Opens the store or, if the folder holds none, creates it; see <see cref="OpenAsync"/> and <see cref="CreateAsync"/>.</summary>
    public static Task<SealedStore> OpenOrCreateAsync(SealedStoreOptions options, IKeyProtector protector,
        CancellationToken cancellationToken = default) => StartAsync(options, protector, create: null, cancellationToken);

    /// <summary>
    /// Destroys a user's key, deletes every record of the user, and scrubs the database's files; returns how many records there
    /// were. Raises <see cref="ExampleStore.Deleted"/>. If the process dies meanwhile, the next opening finishes it.
    /// </summary>
    public async Task<long> ForgetAsync(string user, CancellationToken cancellationToken = default)
    {
        StoreNames.Check(user, nameof(user));
        var known = _layer.Keyring.FindUser(user) is not null;
        var removed = await _layer.RunAsync(() => _layer.ForgetCore(user), cancellationToken).ConfigureAwait(false);
        if (known) Examples.RaiseDeleted(new ExamplesDeletedEventArgs(user, [], userForgotten: true));
        return removed;
    }

    /// <summary>Replaces keys; see <see cref="RotationScope"/>. <paramref name="progress"/> receives the records sealed again so far.</summary>
    public async Task RotateAsync(RotationScope scope, IProgress<long>? progress = null, CancellationToken cancellationToken = default)
    {
        if (scope == RotationScope.MasterKey)
        {
            await _layer.RunAsync(() => { _layer.RotateMasterCore(); return true; }, cancellationToken).ConfigureAwait(false);
            return;
        }
        await _layer.RunAsync(() => { _layer.BeginRotationCore(); return true; }, cancellationToken).ConfigureAwait(false);
        await ResumeRotationAsync(progress, cancellationToken).ConfigureAwait(false);
    }

    /// <summary>
    /// Finishes an interrupted rotation of records; false if there was none. Until it is finished everything stays readable:
    /// the keyring keeps both keys.
    /// </summary>
    public async Task<bool> ResumeRotationAsync(IProgress<long>? progress = null, CancellationToken cancellationToken = default)
    {
        if (!_layer.Keyring.RotationPending) return false;
        var (user, after, total) = (0, 0L, 0L);
        while (await _layer.RunAsync(() => _layer.RotateBatchCore(ref user, ref after), cancellationToken).ConfigureAwait(false) is { } done)
        {
            total += done;
            progress?.Report(total);
        }
        await _layer.RunAsync(() => { _layer.FinishRotationCore(); return true; }, cancellationToken).ConfigureAwait(false);
        return true;
    }

    /// <summary>The users that have or had records, without <see cref="DeviceUser"/>.</summary>
    public IReadOnlyList<string> Users => [.. _layer.Keyring.Users.Where(u => !string.Equals(u, DeviceUser, StringComparison.Ordinal))];

    /// <summary>How much the store holds.</summary>
    public Task<StoreStatistics> StatisticsAsync(CancellationToken cancellationToken = default) =>
        _layer.RunAsync(_layer.StatisticsCore, cancellationToken);

    /// <summary>Compares all records' places with the authenticated state, as opening does.</summary>
    public Task VerifyAsync(CancellationToken cancellationToken = default) =>
        _layer.RunAsync(() => { _layer.VerifyCore(); return true; }, cancellationToken);

    /// <summary>Closes the store: waits for the running operation, zeroes the keys, releases the lock.</summary>
    public void Dispose()
    {
        _layer.Dispose();
        _lock.Dispose();
    }

    /// <inheritdoc cref="Dispose"/>
    public async ValueTask DisposeAsync() => await Task.Run(Dispose).ConfigureAwait(false);

    private static Task<SealedStore> StartAsync(SealedStoreOptions options, IKeyProtector protector, bool? create, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(options);
        ArgumentNullException.ThrowIfNull(protector);
        options.Validate();
        return Task.Run(() => Start(options, protector, create), cancellationToken);
    }

    private static SealedStore Start(SealedStoreOptions options, IKeyProtector protector, bool? create)
    {
        var folder = Path.GetFullPath(options.Folder);
        if (create == false && !Exists(folder))
            throw new StoreNotFoundException($"store '{folder}'", StorePaths.MissingKeyring(folder));
        StorePaths.CreateFolder(folder);
        var fileLock = StorePaths.TakeLock(folder);
        Keyring? keyring = null;
        IRecordStore? records = null;
        try
        {
            var exists = Exists(folder);
            if (exists && create == true)
                throw new StoreException($"store '{folder}'", "it exists already; open it, or choose another folder");
            if (!exists) StorePaths.PrepareCreation(folder);
            else if (!File.Exists(StorePaths.Database(folder)))
                throw new StoreNotFoundException($"store '{folder}'", "its keyring is there, its database 'store.db' is missing; restore it from a copy");
            keyring = exists
                ? Keyring.Open(StorePaths.Keyring(folder), protector, options.AcceptRollback)
                : Keyring.Create(StorePaths.KeyringInCreation(folder), protector);
            records = options.OpenDatabase(StorePaths.Database(folder));
            var layer = new RecordLayer($"store '{folder}'", records, keyring, options);
            if (exists)
            {
                layer.OpenCore();
            }
            else
            {
                layer.InitializeCore();
                keyring.MoveTo(StorePaths.Keyring(folder)); // a store exists once its keyring does
            }
            return new SealedStore(layer, fileLock, folder);
        }
        catch
        {
            records?.Dispose();
            keyring?.Dispose();
            fileLock.Dispose();
            throw;
        }
    }
}
