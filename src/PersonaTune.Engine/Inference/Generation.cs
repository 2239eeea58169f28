using PersonaTune.Engine.Tokenization;

namespace PersonaTune.Engine.Inference;

/// <summary>The state of one continuation: each step draws a token and finds the text that became certain.</summary>
internal sealed class Generation
{
    private readonly DecoderSession _session;
    private readonly GenerationOptions _options;
    private readonly int[] _prompt;
    private readonly int? _endId;
    private readonly Sampler _sampler;
    private readonly IncrementalDetokenizer _detokenizer;
    private readonly StopStringFilter _filter;
    private int _generated;
    private int _last;

    public Generation(DecoderSession session, ITokenizer tokenizer, IReadOnlyList<int> prompt, GenerationOptions options)
    {
        options.Validate();
        _session = session;
        _options = options;
        _prompt = [.. prompt];
        if (_prompt.Length == 0) throw new EngineException("there is nothing to continue: the prompt has no token; start with the beginning-of-sequence token or some text");
        _endId = options.StopAtEndOfSequence ? tokenizer.EosId : null;
        _sampler = new Sampler(options.Sampling, session.Model.Config.VocabularySize);
        foreach (var id in _prompt) _sampler.Accept(id);
        _detokenizer = new IncrementalDetokenizer(tokenizer, startOfText: Array.TrueForAll(_prompt, id => id < tokenizer.VocabularySize && tokenizer.IsControl(id)));
        _filter = new StopStringFilter(options.StopStrings);
    }

    public GeneratedToken Step(CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        var id = _sampler.Sample(_generated == 0 ? _session.Continue(_prompt, cancellationToken) : Next());
        if (id == _endId || _options.StopTokens.Contains(id)) return new GeneratedToken(id, Rest(""), FinishReason.StopToken);
        _last = id;
        _generated++;
        _sampler.Accept(id);
        var text = _filter.Append(_detokenizer.Append(id), out var stopped);
        if (stopped) return new GeneratedToken(id, text, FinishReason.StopString);
        if (_generated == _options.MaxTokens) return Last(id, text, FinishReason.MaxTokens);
        return _session.Length == _session.ContextLimit ? Last(id, text, FinishReason.ContextLimit) : new GeneratedToken(id, text, null);
    }

    private ReadOnlySpan<float> Next() => _session.Length == _prompt.Length + _generated - 1
        ? _session.Decode(_last)
        : throw new InvalidOperationException("the session was used for something else while a text was generated on it; use one session for each text");

    private GeneratedToken Last(int id, string text, FinishReason reason) => new(id, Rest(text), reason);

    private string Rest(string text)
    {
        // The last bytes may complete a stop string too.
        text += _filter.Append(_detokenizer.Flush(), out var stopped);
        return stopped ? text : text + _filter.Flush();
    }
}
