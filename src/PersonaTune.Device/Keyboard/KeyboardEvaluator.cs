using PersonaTune.Engine.Inference;
using PersonaTune.Engine.Kernels;
using PersonaTune.Engine.Models;

namespace PersonaTune.Device.Keyboard;

/// <summary>
/// Measures how well a model with any adapters, alone or mixed with an n-gram cache, predicts messages that it has not learned.
/// Perplexity per word is exp(nats / words): nats over all tokens of all messages, end tokens included, and words separated by white
/// space. Next words and keystrokes: <see cref="KeyboardMetrics"/>. Thread-safe.
/// </summary>
public static class KeyboardEvaluator
{
    /// <summary>Measures one setting.</summary>
    /// <param name="model">The base model with its tokenizer.</param>
    /// <param name="pool">Threads for the perplexity; suggestions use <see cref="KeyboardPersonalizationOptions.Threads"/>.</param>
    /// <param name="adapters">The adapters; empty for the plain base.</param>
    /// <param name="texts">Held-out messages.</param>
    /// <param name="cache">The person's n-grams and weights, or null for the model alone.</param>
    /// <param name="options">Suggestion settings and limits on what is simulated; null for the defaults.</param>
    /// <param name="cancellationToken">Seen between batches of messages.</param>
    /// <exception cref="ArgumentException">The model has no tokenizer, or an option is out of range.</exception>
    public static KeyboardMetrics Evaluate(DecoderModel model, WorkerPool pool, AdapterStack adapters, IReadOnlyList<string> texts,
        TunedCache? cache = null, KeyboardPersonalizationOptions? options = null, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(model);
        ArgumentNullException.ThrowIfNull(texts);
        options ??= new KeyboardPersonalizationOptions();
        options.Validate();
        var messages = new MessageFraming(model).EncodeAll(texts);
        var scored = ScoredMessages.Score(model, pool, adapters, messages, cancellationToken);
        var typing = new SuggestionEvaluation(model, options, texts)
            .Run([new SuggestionSetup(KeyboardMethod.Adapter, adapters, cache?.Cache, cache?.Mixture, null)], cancellationToken)[KeyboardMethod.Adapter];
        return Combine(cache is null ? scored.Nll() : ScoredMessages.Nll(scored.Points(cache.Cache), cache.Mixture), messages, texts, typing);
    }

    internal static KeyboardMetrics Combine(double nll, IReadOnlyList<int[]> messages, IReadOnlyList<string> texts, TypingCounts typing) => new()
    {
        TotalNll = nll,
        Tokens = messages.Sum(ids => (long)ids.Length - 1),
        Words = texts.Sum(text => (long)text.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries).Length),
        NextWordTargets = typing.Targets,
        Top1Hits = typing.Top1,
        Top3Hits = typing.Top3,
        Characters = typing.Characters,
        Keys = typing.Keys,
    };
}
