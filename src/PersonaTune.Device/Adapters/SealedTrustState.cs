using PersonaTune.Device.Storage;
using PersonaTune.Privacy.Sealing;
using PersonaTune.Privacy.Signing;

namespace PersonaTune.Device.Adapters;

/// <summary>The versions of bundles that a device accepted, sealed in its store, so that they share its protection against being set back. Thread-safe.</summary>
public sealed class SealedTrustState : ITrustState
{
    private const string Collection = "transfer";
    private const string Name = "accepted";
    private const byte Version = 1;

    private readonly SealedStore _store;
    private readonly Lock _lock = new();
    private readonly SortedDictionary<string, AcceptedVersion> _accepted;

    private SealedTrustState(SealedStore store, SortedDictionary<string, AcceptedVersion> accepted) => (_store, _accepted) = (store, accepted);

    /// <summary>Reads the state; the store must outlive it.</summary>
    /// <exception cref="TamperedException">It was altered.</exception>
    public static async Task<SealedTrustState> OpenAsync(SealedStore store, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(store);
        var accepted = new SortedDictionary<string, AcceptedVersion>(StringComparer.Ordinal);
        if (await store.Blobs.GetAsync(SealedStore.DeviceUser, Collection, Name, cancellationToken) is { } stored) Read(stored.Content.Span, accepted);
        return new SealedTrustState(store, accepted);
    }

    /// <inheritdoc/>
    public AcceptedVersion? Find(string adapterId)
    {
        lock (_lock) return _accepted.TryGetValue(adapterId, out var accepted) ? accepted : null;
    }

    /// <inheritdoc/>
    public void Record(string adapterId, AcceptedVersion accepted)
    {
        lock (_lock)
        {
            var before = _accepted.TryGetValue(adapterId, out var old) ? old : (AcceptedVersion?)null;
            _accepted[adapterId] = accepted;
            try
            {
                // The contract demands that it is durable on return; the store writes on another thread.
                _store.Blobs.PutAsync(SealedStore.DeviceUser, Collection, Name, Write()).GetAwaiter().GetResult();
            }
            catch
            {
                if (before is { } kept) _accepted[adapterId] = kept;
                else _accepted.Remove(adapterId);
                throw;
            }
        }
    }

    private static void Read(ReadOnlySpan<byte> bytes, SortedDictionary<string, AcceptedVersion> accepted)
    {
        var reader = new SealReader(bytes, "accepted bundles");
        var version = reader.ReadByte();
        if (version != Version) throw new SealException("accepted bundles", $"version {version} is not known to this version of the library; update it");
        for (var count = reader.ReadCount(8); count > 0; count--)
        {
            var name = reader.ReadText();
            var number = reader.ReadInt64();
            if (!Sha256Digest.TryParse(reader.ReadText(), out var digest)) throw new SealException("accepted bundles", $"the digest of '{name}' is malformed; the store is damaged");
            accepted[name] = new AcceptedVersion(number, digest);
        }

        reader.End();
    }

    private byte[] Write()
    {
        using var writer = new SealWriter();
        writer.WriteByte(Version);
        writer.WriteInt32(_accepted.Count);
        foreach (var (name, accepted) in _accepted)
        {
            writer.WriteText(name);
            writer.WriteInt64(accepted.Version);
            writer.WriteText(accepted.Manifest.ToString());
        }

        return writer.ToArray();
    }
}
