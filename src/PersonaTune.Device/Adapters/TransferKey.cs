using PersonaTune.Device.Storage;
using PersonaTune.Privacy.Sealing;

namespace PersonaTune.Device.Adapters;

/// <summary>A device's key pair to which others encrypt bundles (HPKE, P-256), sealed in its store. Dispose it when done.</summary>
public static class TransferKey
{
    private const string Collection = "transfer";
    private const string Name = "hpke";

    /// <summary>Opens the key pair; makes it at the first call.</summary>
    /// <exception cref="TamperedException">The stored key was altered.</exception>
    public static async Task<HpkeKeyPair> OpenAsync(SealedStore store, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(store);
        if (await store.Blobs.GetAsync(SealedStore.DeviceUser, Collection, Name, cancellationToken) is { } stored) return HpkeKeyPair.Import(stored.Content.Span);
        var pair = HpkeKeyPair.Generate();
        try
        {
            using var secret = pair.ExportPrivateKey();
            await store.Blobs.PutAsync(SealedStore.DeviceUser, Collection, Name, secret.Bytes.ToArray(), cancellationToken);
            return pair;
        }
        catch
        {
            pair.Dispose();
            throw;
        }
    }
}
