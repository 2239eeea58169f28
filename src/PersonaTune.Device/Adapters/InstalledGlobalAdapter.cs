using PersonaTune.Device.Personalization;
using PersonaTune.Device.Storage;
using PersonaTune.Engine.Lora;
using PersonaTune.Engine.Models;
using PersonaTune.Privacy.Sealing;

namespace PersonaTune.Device.Adapters;

/// <summary>The global adapter that lies beneath everybody's personal one in a store, one for each base model, sealed. Give it to <see cref="Personalizer.UseGlobalAsync"/>.</summary>
/// <param name="Name">Where it comes from, for people.</param>
/// <param name="Adapter">The adapter.</param>
/// <param name="Scale">Its strength.</param>
public sealed record InstalledGlobalAdapter(string Name, LoraAdapter Adapter, float Scale)
{
    private const string Collection = "beneath", Subject = "global adapter of the store";
    private const byte Version = 1;

    /// <summary>Stores one in place of the former one for this model. Thread-safe.</summary>
    /// <exception cref="ArgumentException">The name is empty, or the scale not finite.</exception>
    /// <exception cref="AdapterMismatchException">It does not fit the model, or has DoRA magnitudes; nothing changed.</exception>
    public static async Task SaveAsync(SealedStore store, DecoderModel model, InstalledGlobalAdapter installed, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(store);
        ArgumentNullException.ThrowIfNull(model);
        ArgumentNullException.ThrowIfNull(installed);
        var (name, adapter, scale) = installed;
        if (string.IsNullOrWhiteSpace(name)) throw new ArgumentException("a global adapter needs a name", nameof(installed));
        if (!float.IsFinite(scale)) throw new ArgumentException($"an adapter's scale is a finite number, found {scale}", nameof(installed));
        LoraCompatibility.Demand(adapter, model, name);
        if (adapter.HasMagnitudes)
            throw new AdapterMismatchException(name, "has DoRA magnitudes, above which nothing can be trained; merge it into the model first");
        using var writer = new SealWriter();
        writer.WriteByte(Version);
        writer.WriteText(name);
        writer.WriteInt32(BitConverter.SingleToInt32Bits(scale));
        writer.WriteField(LoraSafetensors.Write(adapter));
        await store.Blobs.PutAsync(SealedStore.DeviceUser, Collection, model.Digest, writer.ToArray(), cancellationToken).ConfigureAwait(false);
    }

    /// <summary>The one of a model, or null. Thread-safe.</summary>
    /// <exception cref="TamperedException">The record was altered.</exception>
    /// <exception cref="AdapterMismatchException">It does not fit the model.</exception>
    public static async Task<InstalledGlobalAdapter?> LoadAsync(SealedStore store, DecoderModel model, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(store);
        ArgumentNullException.ThrowIfNull(model);
        return await store.Blobs.GetAsync(SealedStore.DeviceUser, Collection, model.Digest, cancellationToken).ConfigureAwait(false) is { } blob ? Read(blob.Content.Span, model) : null;
    }

    /// <summary>Takes the one of a model away; false where there is none. Thread-safe.</summary>
    public static Task<bool> DeleteAsync(SealedStore store, DecoderModel model, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(store);
        ArgumentNullException.ThrowIfNull(model);
        return store.Blobs.DeleteAsync(SealedStore.DeviceUser, Collection, model.Digest, cancellationToken);
    }

    private static InstalledGlobalAdapter Read(ReadOnlySpan<byte> content, DecoderModel model)
    {
        var reader = new SealReader(content, Subject);
        if (reader.ReadByte() != Version) throw new TamperedException(Subject, "its version is unknown; update PersonaTune");
        var name = reader.ReadText();
        var scale = BitConverter.Int32BitsToSingle(reader.ReadInt32());
        var adapter = LoraSafetensors.Read(reader.ReadField(), name);
        reader.End();
        LoraCompatibility.Demand(adapter, model, name);
        return new InstalledGlobalAdapter(name, adapter, scale);
    }
}
