using PersonaTune.Device.Keys;

namespace PersonaTune.Device.Storage;

/// <summary>The encrypted store of a device: one folder with a database of sealed records and a keyring.</summary>
public sealed class SealedStore : IAsyncDisposable, IDisposable
{
    /// <summary>The user to whom what belongs to no person is filed (for example a global adapter).</summary>
    public const string DeviceUser = "$device";

    /// <summary>The examples.</summary>
    public ExampleStore Examples => throw new NotSupportedException();

    /// <summary>The named values.</summary>
    public SealedBlobs Blobs => throw new NotSupportedException();

    /// <summary>The keyring: protectors, users, the device's signing key.</summary>
    public Keyring Keyring => throw new NotSupportedException();

    /// <summary>Whether <paramref name="folder"/> holds a store.</summary>
    public static bool Exists(string folder) => throw new NotSupportedException();

    /// <summary>Creates a store guarded by <paramref name="protector"/>.</summary>
    public static Task<SealedStore> CreateAsync(SealedStoreOptions options, IKeyProtector protector, CancellationToken cancellationToken = default) => throw new NotSupportedException();

    /// <summary>Opens a store.</summary>
    public static Task<SealedStore> OpenAsync(SealedStoreOptions options, IKeyProtector protector, CancellationToken cancellationToken = default) => throw new NotSupportedException();

    /// <summary>Opens the store or, if the folder holds none, creates it.</summary>
    public static Task<SealedStore> OpenOrCreateAsync(SealedStoreOptions options, IKeyProtector protector, CancellationToken cancellationToken = default) => throw new NotSupportedException();

    /// <summary>Deletes and crypto-erases everything of a user; returns the number of records removed. Also raises <see cref="ExampleStore.Deleted"/>.</summary>
    public Task<long> ForgetAsync(string user, CancellationToken cancellationToken = default) => throw new NotSupportedException();

    /// <summary>Replaces keys; see <see cref="RotationScope"/>.</summary>
    public Task RotateAsync(RotationScope scope, IProgress<long>? progress = null, CancellationToken cancellationToken = default) => throw new NotSupportedException();

    /// <summary>Finishes an interrupted rotation of records; false if there was none.</summary>
    public Task<bool> ResumeRotationAsync(IProgress<long>? progress = null, CancellationToken cancellationToken = default) => throw new NotSupportedException();

    /// <summary>How much the store holds.</summary>
    public Task<StoreStatistics> StatisticsAsync(CancellationToken cancellationToken = default) => throw new NotSupportedException();

    /// <inheritdoc/>
    public void Dispose() => throw new NotSupportedException();

    /// <inheritdoc/>
    public ValueTask DisposeAsync() => throw new NotSupportedException();
}
