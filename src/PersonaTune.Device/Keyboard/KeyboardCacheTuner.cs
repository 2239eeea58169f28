using PersonaTune.Engine.Inference;
using PersonaTune.Engine.Kernels;
using PersonaTune.Engine.Models;

namespace PersonaTune.Device.Keyboard;

/// <summary>
/// Makes the n-gram cache that goes with a trained adapter: chooses its order and the mixture weights on held-out messages. To be run
/// after each training, with the same split. Thread-safe.
/// </summary>
public static class KeyboardCacheTuner
{
    /// <summary>Tunes on <paramref name="validation"/>, then lets the cache learn these messages too.</summary>
    /// <param name="model">The base model with its tokenizer.</param>
    /// <param name="pool">Threads to compute with.</param>
    /// <param name="adapters">The adapters that the mixture is for.</param>
    /// <param name="fit">The person's messages that the adapter was trained on, oldest first.</param>
    /// <param name="validation">Messages after them that the adapter was not trained on, at least one.</param>
    /// <param name="orders">Orders to choose from; null for 2 to 4.</param>
    /// <param name="cancellationToken">Seen between batches of messages.</param>
    /// <exception cref="ArgumentException">The model has no tokenizer, or there is no validation message.</exception>
    public static TunedCache Tune(DecoderModel model, WorkerPool pool, AdapterStack adapters, IReadOnlyList<string> fit,
        IReadOnlyList<string> validation, IReadOnlyList<int>? orders = null, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(model);
        ArgumentNullException.ThrowIfNull(validation);
        if (validation.Count == 0) throw new ArgumentException("weights are tuned on held-out messages; give at least one", nameof(validation));
        var framing = new MessageFraming(model);
        var (fitting, heldOut) = (framing.EncodeAll(fit), framing.EncodeAll(validation));
        var scored = ScoredMessages.Score(model, pool, adapters, heldOut, cancellationToken);
        var tuned = TunedMixture.Tune(scored, fitting, orders ?? new KeyboardPersonalizationOptions().CacheOrders, model.Config.VocabularySize, framing.StartId);
        return new TunedCache(tuned.Learn([.. fitting, .. heldOut], model.Config.VocabularySize, framing.StartId), tuned.Mixture, tuned.Nll);
    }
}
