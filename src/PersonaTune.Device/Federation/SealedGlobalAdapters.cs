using System.Text.Json;
using PersonaTune.Device.Storage;
using PersonaTune.Privacy.Sealing;
using PersonaTune.Protocol.Releases;
using PersonaTune.Protocol.Wire;

namespace PersonaTune.Device.Federation;

/// <summary>Keeps the newest verified release of each task in the sealed store, so that it is there without a network. Thread-safe.</summary>
public static class SealedGlobalAdapters
{
    private const string Collection = "global adapters", Subject = "stored release";

    /// <summary>Stores a verified release in place of the task's former one.</summary>
    public static async Task SaveAsync(SealedStore store, GlobalRelease release, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(store);
        ArgumentNullException.ThrowIfNull(release);
        using var writer = new SealWriter();
        writer.WriteByte(1);
        writer.WriteByte((byte)release.State);
        writer.WriteField(JsonSerializer.SerializeToUtf8Bytes(release.Manifest, ProtocolJson.Default.ReleaseManifest));
        writer.WriteField(VectorEncoding.Encode(release.Vector));
        await store.Blobs.PutAsync(SealedStore.DeviceUser, Collection, release.Manifest.Task, writer.ToArray(), cancellationToken).ConfigureAwait(false);
    }

    /// <summary>The stored release of a task, or null.</summary>
    /// <exception cref="TamperedException">The record was altered.</exception>
    public static async Task<GlobalRelease?> LoadAsync(SealedStore store, string task, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(store);
        if (await store.Blobs.GetAsync(SealedStore.DeviceUser, Collection, task, cancellationToken).ConfigureAwait(false) is not { } blob) return null;
        return Read(blob.Content.Span);
    }

    private static GlobalRelease Read(ReadOnlySpan<byte> content)
    {
        var reader = new SealReader(content, Subject);
        if (reader.ReadByte() != 1) throw new TamperedException(Subject, "its version is unknown; update PersonaTune");
        var state = (ReleaseState)reader.ReadByte();
        var manifest = JsonSerializer.Deserialize(reader.ReadField(), ProtocolJson.Default.ReleaseManifest) ?? throw new TamperedException(Subject, "its manifest is empty");
        var vector = VectorEncoding.Decode(reader.ReadField(), manifest.Dimension);
        reader.End();
        return new GlobalRelease(manifest, state, vector);
    }
}
