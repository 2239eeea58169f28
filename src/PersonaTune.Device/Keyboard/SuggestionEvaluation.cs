using PersonaTune.Engine.Inference;
using PersonaTune.Engine.Kernels;
using PersonaTune.Engine.Models;

namespace PersonaTune.Device.Keyboard;

/// <summary>
/// Next words and keystrokes of all methods on the same words and messages. Methods on the same adapters share the model's predictions;
/// messages are spread over threads, and the sums do not depend on how.
/// </summary>
internal sealed class SuggestionEvaluation(DecoderModel model, KeyboardPersonalizationOptions options, IReadOnlyList<string> texts)
{
    private readonly MessageFraming _framing = new(model);
    private readonly WordVocabulary _vocabulary = new(new MessageFraming(model).Tokenizer);

    public Dictionary<KeyboardMethod, TypingCounts> Run(IReadOnlyList<SuggestionSetup> setups, CancellationToken cancellationToken)
    {
        var targets = Spread([.. texts.SelectMany(text => WordCharacters.Words(text).Select(word => (Text: text, Word: word)))],
            options.MaxNextWordTargets);
        var typed = Spread(texts, options.MaxTypedMessages);
        var sums = setups.ToDictionary(setup => setup.Method, _ => new TypingCounts());
        var threads = options.Threads == 0 ? Environment.ProcessorCount : options.Threads;
        Parallel.For(0, threads, new ParallelOptions { MaxDegreeOfParallelism = threads, CancellationToken = cancellationToken }, thread =>
        {
            using var pool = new WorkerPool(1);
            var sessions = new List<DecoderSession>();
            try
            {
                var simulators = Create(setups, pool, sessions);
                for (var i = thread; i < targets.Count; i += threads)
                    foreach (var (_, simulator, counts) in simulators) simulator.TryNextWord(targets[i].Text, targets[i].Word, counts, cancellationToken);
                for (var i = thread; i < typed.Count; i += threads)
                    foreach (var (_, simulator, counts) in simulators) simulator.Type(typed[i], counts, cancellationToken);
                lock (sums)
                    foreach (var (method, _, counts) in simulators) sums[method].Add(counts);
            }
            finally
            {
                foreach (var session in sessions) session.Dispose();
            }
        });
        return sums;
    }

    private List<(KeyboardMethod Method, TypingSimulator Simulator, TypingCounts Counts)> Create(IReadOnlyList<SuggestionSetup> setups,
        WorkerPool pool, List<DecoderSession> sessions)
    {
        var models = new Dictionary<AdapterStack, ModelPredictor>();
        var simulators = new List<(KeyboardMethod, TypingSimulator, TypingCounts)>();
        foreach (var setup in setups)
        {
            ITokenPredictor predictor;
            if (setup.Adapters is { } adapters)
            {
                if (!models.TryGetValue(adapters, out var shared))
                {
                    var session = new DecoderSession(model, pool, null, adapters);
                    sessions.Add(session);
                    models.Add(adapters, shared = new ModelPredictor(session));
                }
                predictor = setup.Cache is { } cache ? new MixedPredictor(shared, cache, setup.Mixture!) : shared;
            }
            else predictor = new KneserNeyPredictor(setup.KneserNey!);
            simulators.Add((setup.Method, new TypingSimulator(predictor, _vocabulary, _framing.EncodeContext, options.Suggestions), new TypingCounts()));
        }
        return simulators;
    }

    /// <summary>At most <paramref name="limit"/> items, evenly spaced.</summary>
    private static List<T> Spread<T>(IReadOnlyList<T> items, int limit)
    {
        if (items.Count <= limit) return [.. items];
        var chosen = new List<T>(limit);
        for (var i = 0; i < limit; i++) chosen.Add(items[(int)((long)i * items.Count / limit)]);
        return chosen;
    }
}
