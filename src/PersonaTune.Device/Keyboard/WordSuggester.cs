using System.Text;
using PersonaTune.Engine.Inference;
using PersonaTune.Engine.Kernels;
using PersonaTune.Engine.Tokenization;

namespace PersonaTune.Device.Keyboard;

/// <summary>
/// Suggests whole words while a person types: words that begin with what was typed, the next word after a space, and the rest of a
/// sentence. Predictions come from the model with the slot's current adapters, mixed with the person's own n-grams. Each keystroke
/// reuses the work of the last one; after a swap the next call uses the new adapters. Thread-safe; calls wait for each other.
/// </summary>
public sealed class WordSuggester : IDisposable
{
    private const int MaxCompletionTokens = 32;
    private readonly Lock _lock = new();
    private readonly AdapterSlot _slot;
    private readonly WorkerPool _pool;
    private readonly TimeProvider _time;
    private readonly MessageFraming _framing;
    private readonly ITokenizer _tokenizer;
    private readonly WordVocabulary _vocabulary;
    private readonly WordSearch _search;
    private readonly NGramCache _cache;
    private CacheMixture _mixture;
    private DecoderSession? _session;
    private ModelPredictor? _model;
    private MixedPredictor? _predictor;

    /// <summary>Creates a suggester.</summary>
    /// <param name="slot">Model and current adapters; the model must carry a tokenizer.</param>
    /// <param name="pool">Threads to compute with.</param>
    /// <param name="cache">The person's n-grams; used, and taught by <see cref="Learn"/>, by this suggester alone. Null starts an empty one.</param>
    /// <param name="mixture">Weights of model and cache; null takes <see cref="CacheMixture.Default"/>.</param>
    /// <param name="options">Settings; null for the defaults.</param>
    /// <param name="time">Clock of <see cref="SuggestionOptions.Deadline"/>; null takes the system's.</param>
    /// <exception cref="ArgumentException">The model has no tokenizer, or the cache was made for another vocabulary.</exception>
    public WordSuggester(AdapterSlot slot, WorkerPool pool, NGramCache? cache = null, CacheMixture? mixture = null,
        SuggestionOptions? options = null, TimeProvider? time = null)
    {
        ArgumentNullException.ThrowIfNull(slot);
        ArgumentNullException.ThrowIfNull(pool);
        Options = options ?? new SuggestionOptions();
        Options.Validate();
        (_slot, _pool, _time) = (slot, pool, time ?? TimeProvider.System);
        _framing = new MessageFraming(slot.Model);
        _tokenizer = _framing.Tokenizer;
        var vocabularySize = slot.Model.Config.VocabularySize;
        if (cache is not null && cache.VocabularySize != vocabularySize)
            throw new ArgumentException($"the cache was made for {cache.VocabularySize} tokens, the model has {vocabularySize}", nameof(cache));
        _cache = cache ?? new NGramCache(vocabularySize, _framing.StartId);
        _mixture = mixture ?? CacheMixture.Default;
        _vocabulary = new WordVocabulary(_tokenizer);
        _search = new WordSearch(_vocabulary);
    }

    /// <summary>Settings.</summary>
    public SuggestionOptions Options { get; }

    /// <summary>Weights of model and cache; may be replaced at any time, for example after they were tuned.</summary>
    public CacheMixture Mixture
    {
        get
        {
            lock (_lock) return _mixture;
        }
        set
        {
            ArgumentNullException.ThrowIfNull(value);
            lock (_lock)
            {
                _mixture = value;
                _predictor = null;
            }
        }
    }

    /// <summary>
    /// The most probable words for the text before the cursor, best first: words that begin with the word being typed, or next words
    /// where the text is empty or does not end in a word. Words keep what was typed letter by letter and carry no space. Fewer than
    /// asked for where nothing fits; never what was typed already.
    /// </summary>
    /// <exception cref="OperationCanceledException">Cancelled, between two model evaluations.</exception>
    public IReadOnlyList<WordSuggestion> Suggest(string text, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(text);
        lock (_lock)
        {
            var typed = TypedText.Parse(text, _vocabulary);
            var predictor = Predictor();
            predictor.Start(_framing.EncodeContext(typed.Context));
            return _search.Run(predictor, typed, Options.Count, Options.MaxExpansions, Options.CaseFactor, OutOfTime(), cancellationToken);
        }
    }

    /// <summary>
    /// The most probable rest of the sentence: first the word being typed, then token by token until a sentence or the message ends.
    /// Returned without what was typed; empty where the message most probably ends here.
    /// </summary>
    /// <exception cref="OperationCanceledException">Cancelled, between two model evaluations.</exception>
    public string Complete(string text, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(text);
        lock (_lock)
        {
            var typed = TypedText.Parse(text, _vocabulary);
            var predictor = Predictor();
            var word = "";
            if (typed.Prefix.Length > 0)
            {
                predictor.Start(_framing.EncodeContext(typed.Context));
                var best = _search.Run(predictor, typed, 1, Options.MaxExpansions, Options.CaseFactor, OutOfTime(), cancellationToken,
                    includeTyped: true);
                if (best is [var first, ..]) word = first.Word[typed.Prefix.Length..];
            }
            // A space that the next token brings along is not typed twice.
            var begun = text + word;
            var spaced = begun.EndsWith(' ');
            var context = _framing.EncodeContext(spaced ? begun[..^1] : begun);
            predictor.Start(context);
            var bytes = new List<byte>();
            var path = new List<int>();
            var outOfTime = OutOfTime();
            while (path.Count < Math.Min(Options.MaxCompletionTokens, MaxCompletionTokens) && outOfTime?.Invoke() != true)
            {
                cancellationToken.ThrowIfCancellationRequested();
                var token = Best(predictor.Predict(System.Runtime.InteropServices.CollectionsMarshal.AsSpan(path)), spaced && path.Count == 0);
                if (token < 0 || _tokenizer.IsControl(token)) break;
                path.Add(token);
                bytes.AddRange(_tokenizer.TokenBytes(token));
                if (bytes[^1] is (byte)'.' or (byte)'!' or (byte)'?' or (byte)'\n') break;
            }
            var rest = Encoding.UTF8.GetString([.. bytes]).TrimEnd('\uFFFD', '\n');
            return word + (spaced && rest.StartsWith(' ') ? rest[1..] : rest);
        }
    }

    /// <summary>Teaches the n-gram cache an accepted message; the adapters learn it at their next training.</summary>
    public void Learn(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        lock (_lock)
        {
            _cache.Learn(_framing.Encode(text));
            _predictor = null; // what it remembers was predicted without this message
        }
    }

    /// <summary>Takes a message out of the n-gram cache as if it had never been learned; false where it was not there.</summary>
    public bool Forget(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        lock (_lock)
        {
            _predictor = null;
            return _cache.Forget(_framing.Encode(text));
        }
    }

    /// <summary>The cache as bytes, to be sealed and stored; <see cref="NGramCache.FromBytes"/> reads them.</summary>
    public byte[] SaveCache()
    {
        lock (_lock) return _cache.ToBytes();
    }

    /// <summary>Lets go of the adapters.</summary>
    public void Dispose()
    {
        lock (_lock)
        {
            EndSession();
        }
    }

    private MixedPredictor Predictor()
    {
        // Cached keys and values of one adapter must not feed another one.
        if (_session is not null && _session.AdapterVersion != _slot.Current.Version) EndSession();
        _session ??= new DecoderSession(_slot, _pool, ModelPredictor.Branching);
        _model ??= new ModelPredictor(_session, _pool);
        return _predictor ??= new MixedPredictor(_model, _cache, _mixture);
    }

    private void EndSession()
    {
        _model?.Dispose();
        _session?.Dispose();
        (_session, _model, _predictor) = (null, null, null);
    }

    private int Best(ReadOnlySpan<float> probabilities, bool mustStartWithSpace)
    {
        var best = -1;
        for (var token = 0; token < probabilities.Length && token < _tokenizer.VocabularySize; token++)
            if ((best < 0 || probabilities[token] > probabilities[best])
                && (!mustStartWithSpace || _tokenizer.IsControl(token) || _tokenizer.TokenBytes(token).StartsWith(" "u8)))
                best = token;
        return best;
    }

    private Func<bool>? OutOfTime()
    {
        if (Options.Deadline is not { } deadline) return null;
        var start = _time.GetTimestamp();
        return () => _time.GetElapsedTime(start) >= deadline;
    }
}
