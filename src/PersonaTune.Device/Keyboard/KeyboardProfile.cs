using System.Buffers.Binary;
using System.Runtime.InteropServices;
using PersonaTune.Device.Adapters;
using PersonaTune.Device.Storage;
using PersonaTune.Engine.Inference;
using PersonaTune.Engine.Kernels;
using PersonaTune.Engine.Models;

namespace PersonaTune.Device.Keyboard;

/// <summary>
/// What a keyboard knows of a person besides the adapter: their n-gram cache and how far to trust it. The cache is built from the stored
/// messages each time, so a deleted message is in no cache either; only the tuned weights are stored, for the adapter that they were
/// tuned with. Hand both to a <see cref="WordSuggester"/>. Not thread-safe.
/// </summary>
public sealed class KeyboardProfile
{
    private const string BlobCollection = "keyboard";
    private const string BlobName = "mixture";
    private const byte FormatVersion = 1;
    private const double ValidationFraction = 0.125;
    private static readonly int[] Orders = [2, 3, 4];
    private static readonly SessionOptions Exact = new() { Activations = ActivationPrecision.Exact };

    private KeyboardProfile(NGramCache cache, CacheMixture mixture) => (Cache, Mixture) = (cache, mixture);

    /// <summary>The person's n-grams, all their messages learned.</summary>
    public NGramCache Cache { get; }

    /// <summary>Weights of model and cache, tuned on messages that the active adapter was not trained on.</summary>
    public CacheMixture Mixture { get; }

    /// <summary>
    /// Builds the cache from the person's messages and reads its weights; tunes and stores them where there are none for this adapter.
    /// </summary>
    /// <param name="store">The encrypted store.</param>
    /// <param name="user">The person.</param>
    /// <param name="collection">Collection of the messages.</param>
    /// <param name="slot">The model with the adapter that <paramref name="active"/> describes.</param>
    /// <param name="pool">Threads to compute with.</param>
    /// <param name="active">The library's entry of the active adapter; null for the base model.</param>
    /// <param name="cancellationToken">Cancels between two messages.</param>
    /// <exception cref="ArgumentException">The model has no tokenizer.</exception>
    public static async Task<KeyboardProfile> LoadAsync(SealedStore store, string user, string collection, AdapterSlot slot, WorkerPool pool,
        AdapterEntry? active, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(store);
        ArgumentNullException.ThrowIfNull(slot);
        ArgumentNullException.ThrowIfNull(pool);
        var messages = await ReadAsync(store, user, collection, slot.Model, cancellationToken).ConfigureAwait(false);
        var tag = $"{slot.Model.Digest}/{active?.Id}";
        var stored = await store.Blobs.GetAsync(user, BlobCollection, BlobName, cancellationToken).ConfigureAwait(false);
        if (stored is null || Decode(stored.Content.Span, tag) is not { } tuned)
        {
            tuned = Tune(messages, slot, pool, active, cancellationToken);
            if (messages.Count > 0) await store.Blobs.PutAsync(user, BlobCollection, BlobName, Encode(tuned, tag), cancellationToken).ConfigureAwait(false);
        }

        var cache = tuned.Learn([.. messages.Select(message => message.Ids)], slot.Model.Config.VocabularySize, StartId(slot.Model));
        return new KeyboardProfile(cache, tuned.Mixture);
    }

    private static int StartId(DecoderModel model) =>
        MessageFraming.StartId(model.Tokenizer ?? throw new ArgumentException("the model file carries no tokenizer; use a GGUF file with one", nameof(model)));

    private static async Task<List<(string Id, int[] Ids)>> ReadAsync(SealedStore store, string user, string collection, DecoderModel model, CancellationToken cancellationToken)
    {
        StartId(model);
        var examples = new List<Example>();
        await foreach (var example in store.Examples.ListAsync(user, collection, cancellationToken).ConfigureAwait(false))
            if (example.Kind is ExampleKind.Text or ExampleKind.AcceptedText) examples.Add(example);
        return
        [
            .. examples.OrderBy(example => example.Time).ThenBy(example => example.Id)
                .Select(example => (example.Id.ToString(), MessageFraming.Encode(model.Tokenizer!, example.Text, model.Config.ContextLength)))
                .Where(message => message.Item2.Length > 1),
        ];
    }

    private static TunedMixture Tune(List<(string Id, int[] Ids)> messages, AdapterSlot slot, WorkerPool pool, AdapterEntry? active, CancellationToken cancellationToken)
    {
        // What the adapter was trained on would make it look better than it is, so its own held-out messages decide.
        var heldOut = active?.Manifest.ValidationExamples.ToHashSet(StringComparer.Ordinal)
            ?? messages.Skip(messages.Count - (int)(messages.Count * ValidationFraction)).Select(message => message.Id).ToHashSet(StringComparer.Ordinal);
        var validation = messages.Where(message => heldOut.Contains(message.Id)).Select(message => message.Ids).ToList();
        var fit = messages.Where(message => !heldOut.Contains(message.Id)).Select(message => message.Ids).ToList();
        if (validation.Count == 0 || fit.Count == 0) return new TunedMixture(Orders[0], CacheMixture.ModelOnly, 0);
        using var session = new DecoderSession(slot, pool, Exact);
        return TunedMixture.Tune(ScoredMessages.Score(session, validation, cancellationToken), fit, Orders, slot.Model.Config.VocabularySize, StartId(slot.Model));
    }

    // Version 1, length of the tag 4, tag, order 4, weights 8 each; little-endian.
    private static byte[] Encode(TunedMixture tuned, string tag)
    {
        var name = System.Text.Encoding.UTF8.GetBytes(tag);
        var weights = tuned.Mixture.ToWeights();
        var bytes = new byte[9 + name.Length + weights.Length * sizeof(double)];
        bytes[0] = FormatVersion;
        BinaryPrimitives.WriteInt32LittleEndian(bytes.AsSpan(1), name.Length);
        name.CopyTo(bytes, 5);
        BinaryPrimitives.WriteInt32LittleEndian(bytes.AsSpan(5 + name.Length), tuned.Order);
        MemoryMarshal.AsBytes(weights.AsSpan()).CopyTo(bytes.AsSpan(9 + name.Length));
        return bytes;
    }

    private static TunedMixture? Decode(ReadOnlySpan<byte> bytes, string tag)
    {
        var name = System.Text.Encoding.UTF8.GetBytes(tag);
        if (bytes.Length < 9 + name.Length || bytes[0] != FormatVersion || BinaryPrimitives.ReadInt32LittleEndian(bytes[1..]) != name.Length
            || !bytes.Slice(5, name.Length).SequenceEqual(name)) return null;
        var order = BinaryPrimitives.ReadInt32LittleEndian(bytes[(5 + name.Length)..]);
        var weights = bytes[(9 + name.Length)..];
        if (!Orders.Contains(order) || weights.Length % sizeof(double) != 0) return null;
        try
        {
            return new TunedMixture(order, CacheMixture.FromWeights(MemoryMarshal.Cast<byte, double>(weights)), 0);
        }
        catch (ArgumentException)
        {
            return null; // another version's weights: they are tuned anew
        }
    }
}
