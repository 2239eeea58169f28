using System.Text.Json;
using PersonaTune.Device.Keyboard;
using PersonaTune.Device.Storage;
using PersonaTune.Engine.Inference;
using PersonaTune.Engine.Kernels;
using PersonaTune.Engine.Models;

namespace PersonaTune.Device.Personalization;

/// <summary>
/// A person's n-gram cache and the weights that mix it with the model, kept in the encrypted store. The cache always equals what the
/// stored examples teach in time order, so that a deleted example leaves no trace in it.
/// </summary>
internal sealed class PersonalNGrams(SealedStore store, DecoderModel model, WorkerPool pool)
{
    /// <summary>Name of the cache in the store; an adapter's manifest names it.</summary>
    public const string CacheName = "ngram-cache";

    private const string Collection = "keyboard";
    private const string MixtureName = "mixture";
    private static readonly int[] Orders = [2, 3, 4];

    /// <summary>Null where the vocabulary has no token to begin a message with.</summary>
    private readonly MessageFraming? _framing =
        model.Tokenizer is { } tokenizer && (tokenizer.BosId ?? tokenizer.EosId) is not null ? new MessageFraming(model) : null;

    /// <summary>The stored cache and weights; an empty cache and the model alone where there are none, or none for this vocabulary.</summary>
    public async Task<(NGramCache Cache, CacheMixture Mixture)> LoadAsync(string user, CancellationToken cancellationToken)
    {
        var weights = await ReadMixtureAsync(user, cancellationToken);
        var blob = await store.Blobs.GetAsync(user, Collection, CacheName, cancellationToken);
        var cache = blob is null ? null : NGramCache.FromBytes(blob.Content.Span);
        if (cache is null || cache.VocabularySize != model.Config.VocabularySize)
            return (Create(weights?.Order), CacheMixture.ModelOnly);
        return (cache, Mixture(weights, model.Digest) ?? CacheMixture.Default);
    }

    /// <summary>
    /// Chooses order and weights on the held-out messages, with the adapters that will run and a cache of the other messages, and returns
    /// what <see cref="RebuildAsync"/> stores. Null where the vocabulary allows no cache.
    /// </summary>
    public MixtureRecord? Tune(AdapterStack adapters, TrainingSet set, CancellationToken cancellationToken)
    {
        if (_framing is null) return null;
        var scored = ScoredMessages.Score(model, pool, adapters, Encode(set.Validation), cancellationToken);
        var tuned = TunedMixture.Tune(scored, Encode(set.Training), Orders, model.Config.VocabularySize, _framing.StartId);
        return new MixtureRecord(model.Digest, tuned.Order, tuned.Mixture.ToWeights(), CacheMixture.Version);
    }

    /// <summary>Stores the cache of all messages, with new weights (or, given null, the stored ones or none).</summary>
    public async Task RebuildAsync(string user, IReadOnlyList<TrainingMessage> messages, MixtureRecord? mixture, bool keepMixture, CancellationToken cancellationToken)
    {
        if (_framing is null) return;
        if (keepMixture) mixture ??= await ReadMixtureAsync(user, cancellationToken);
        var cache = Create(mixture?.Order);
        foreach (var message in Encode(messages)) cache.Learn(message);
        var values = new List<KeyValuePair<string, ReadOnlyMemory<byte>>> { new(CacheName, cache.ToBytes()) };
        if (mixture is not null) values.Add(new(MixtureName, JsonSerializer.SerializeToUtf8Bytes(mixture, PersonalizationJson.Default.MixtureRecord)));
        await store.Blobs.PutRangeAsync(user, Collection, values, mixture is null ? [MixtureName] : [], cancellationToken);
    }

    /// <summary>Whether there is a cache to rebuild.</summary>
    public async Task<bool> ExistsAsync(string user, CancellationToken cancellationToken) =>
        await store.Blobs.GetAsync(user, Collection, CacheName, cancellationToken) is not null;

    private NGramCache Create(int? order) =>
        new(model.Config.VocabularySize, _framing?.StartId, order is { } chosen ? new NGramCacheOptions { Order = chosen } : null);

    private List<int[]> Encode(IEnumerable<TrainingMessage> messages) => _framing!.EncodeAll(messages.Select(message => message.Text));

    private async Task<MixtureRecord?> ReadMixtureAsync(string user, CancellationToken cancellationToken)
    {
        if (await store.Blobs.GetAsync(user, Collection, MixtureName, cancellationToken) is not { } blob) return null;
        try
        {
            return JsonSerializer.Deserialize(blob.Content.Span, PersonalizationJson.Default.MixtureRecord);
        }
        catch (JsonException)
        {
            return null; // another version's; the next training writes it anew
        }
    }

    /// <summary>The mixture of stored weights; null where they are another model's, of another version or malformed.</summary>
    public static CacheMixture? Mixture(MixtureRecord? record, string baseDigest)
    {
        if (record is null || record.Version != CacheMixture.Version) return null;
        if (!string.Equals(record.BaseDigest, baseDigest, StringComparison.Ordinal)) return null;
        try
        {
            return CacheMixture.FromWeights(record.Weights);
        }
        catch (ArgumentException)
        {
            return null;
        }
    }
}
