using PersonaTune.Engine.Inference;
using PersonaTune.Engine.Kernels;
using PersonaTune.Engine.Models;

namespace PersonaTune.Device.Keyboard;

/// <summary>
/// Next words and keystrokes of all methods on the same words and messages. Methods on the same adapters go through a message side by
/// side and share the model's predictions; messages are spread over threads, and the sums do not depend on how.
/// </summary>
internal sealed class SuggestionEvaluation(DecoderModel model, KeyboardPersonalizationOptions options, IReadOnlyList<string> texts)
{
    private readonly MessageFraming _framing = new(model);
    private readonly WordVocabulary _vocabulary = new(new MessageFraming(model).Tokenizer);

    public Dictionary<KeyboardMethod, TypingCounts> Run(IReadOnlyList<SuggestionSetup> setups, CancellationToken cancellationToken)
    {
        var words = texts.Select(text => WordCharacters.Words(text).ToList()).ToList();
        var places = words.SelectMany((list, message) => list.Select((_, word) => (message, word))).ToList();
        var targets = Spread(places, options.MaxNextWordTargets).ToHashSet();
        var typed = Spread(Enumerable.Range(0, texts.Count).ToList(), options.MaxTypedMessages).ToHashSet();
        var sums = setups.ToDictionary(setup => setup.Method, _ => new TypingCounts());
        var threads = options.Threads == 0 ? Environment.ProcessorCount : options.Threads;
        var next = -1;
        Parallel.For(0, threads, new ParallelOptions { MaxDegreeOfParallelism = threads, CancellationToken = cancellationToken }, _ =>
        {
            using var pool = new WorkerPool(1);
            var owned = new Stack<IDisposable>();
            try
            {
                var simulators = Create(setups, pool, owned);
                for (int message; (message = Interlocked.Increment(ref next)) < texts.Count;)
                {
                    var at = message;
                    Simulate(simulators, texts[at], typed.Contains(at), words[at], word => targets.Contains((at, word)), cancellationToken);
                }
                lock (sums)
                    foreach (var (method, simulator) in simulators) sums[method].Add(simulator.Counts);
            }
            finally
            {
                while (owned.TryPop(out var resource)) resource.Dispose();
            }
        });
        return sums;
    }

    private static void Simulate(List<(KeyboardMethod Method, TypingSimulator Simulator)> simulators, string text, bool type,
        List<Range> words, Func<int, bool> isTarget, CancellationToken cancellationToken)
    {
        foreach (var (_, simulator) in simulators) simulator.Begin();
        for (var word = 0; word < words.Count; word++)
        {
            var predict = isTarget(word);
            foreach (var (_, simulator) in simulators) simulator.Visit(text, words[word], predict, type, cancellationToken);
        }
        if (!type) return;
        foreach (var (_, simulator) in simulators) simulator.End(text);
    }

    private List<(KeyboardMethod Method, TypingSimulator Simulator)> Create(IReadOnlyList<SuggestionSetup> setups, WorkerPool pool,
        Stack<IDisposable> owned)
    {
        var models = new Dictionary<AdapterStack, ModelPredictor>();
        var simulators = new List<(KeyboardMethod, TypingSimulator)>();
        // All simulators ask for the same context, one after the other.
        var (context, ids) = ("", _framing.EncodeContext(""));
        int[] Encode(string text)
        {
            if (!string.Equals(text, context, StringComparison.Ordinal)) (context, ids) = (text, _framing.EncodeContext(text));
            return ids;
        }

        foreach (var setup in setups)
        {
            ITokenPredictor predictor;
            if (setup.Adapters is { } adapters)
            {
                if (!models.TryGetValue(adapters, out var shared))
                {
                    var session = new DecoderSession(model, pool, ModelPredictor.Branching, adapters);
                    owned.Push(session);
                    models.Add(adapters, shared = new ModelPredictor(session, pool));
                    owned.Push(shared);
                }
                predictor = setup.Cache is { } cache ? new MixedPredictor(shared, cache, setup.Mixture!) : shared;
            }
            else predictor = new KneserNeyPredictor(setup.KneserNey!);
            simulators.Add((setup.Method, new TypingSimulator(predictor, _vocabulary, Encode, options.Suggestions)));
        }
        return simulators;
    }

    /// <summary>At most <paramref name="limit"/> items, evenly spaced.</summary>
    private static List<T> Spread<T>(List<T> items, int limit)
    {
        if (items.Count <= limit) return items;
        var chosen = new List<T>(limit);
        for (var i = 0; i < limit; i++) chosen.Add(items[(int)((long)i * items.Count / limit)]);
        return chosen;
    }
}
