using System.Runtime.CompilerServices;
using PersonaTune.Engine.Tokenization;

namespace PersonaTune.Engine.Inference;

/// <summary>
/// Continues texts on a session, token by token. The session keeps the adapters that it pinned, so one text is never written by two of
/// them. Not thread-safe: one generation at a time on a session.
/// </summary>
public sealed class TextGenerator
{
    private readonly DecoderSession _session;
    private readonly ITokenizer _tokenizer;

    /// <summary>Creates a generator; without a tokenizer it takes the model's own.</summary>
    /// <exception cref="EngineException">Neither the model nor the caller brings a tokenizer, or it does not fit the model.</exception>
    public TextGenerator(DecoderSession session, ITokenizer? tokenizer = null)
    {
        ArgumentNullException.ThrowIfNull(session);
        _session = session;
        _tokenizer = tokenizer ?? session.Model.Tokenizer
            ?? throw new EngineException("the model file carries no tokenizer; pass one to TextGenerator");
        if (_tokenizer.VocabularySize > session.Model.Config.VocabularySize)
            throw new EngineException($"the tokenizer has {_tokenizer.VocabularySize} tokens but the model only {session.Model.Config.VocabularySize}; use the model's own tokenizer");
    }

    /// <summary>The ids of a text as the model expects it at the start of a sequence.</summary>
    /// <exception cref="EngineException">The text is empty and the vocabulary has no beginning-of-sequence token.</exception>
    public IReadOnlyList<int> Encode(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        var ids = _tokenizer.Encode(text);
        if (_tokenizer.BosId is { } bos && (_tokenizer.AddBos || ids.Count == 0)) return [bos, .. ids];
        return ids.Count > 0 ? ids : throw new EngineException("an empty text cannot be continued: the vocabulary has no beginning-of-sequence token; pass some text");
    }

    /// <summary>Continues a text; the last token that is returned says why it ended. Runs on the calling thread.</summary>
    /// <exception cref="EngineException">An option is out of range, or there is nothing to continue.</exception>
    /// <exception cref="ContextLimitException">The text does not fit the context.</exception>
    /// <exception cref="OperationCanceledException">Cancelled; the session may be used again.</exception>
    public IEnumerable<GeneratedToken> Generate(string prompt, GenerationOptions? options = null, CancellationToken cancellationToken = default) =>
        Generate(Encode(prompt), options, cancellationToken);

    /// <summary>
    /// Continues a whole context given as ids; what the session holds of it already is not computed again. The ids generated are not
    /// part of <paramref name="prompt"/>: to go on, pass prompt and answer together.
    /// </summary>
    /// <exception cref="EngineException">An option is out of range, or there is nothing to continue.</exception>
    /// <exception cref="ContextLimitException">The prompt does not fit the context.</exception>
    /// <exception cref="OperationCanceledException">Cancelled; the session may be used again.</exception>
    public IEnumerable<GeneratedToken> Generate(IReadOnlyList<int> prompt, GenerationOptions? options = null, CancellationToken cancellationToken = default)
    {
        var generation = new Generation(_session, _tokenizer, prompt, options ?? GenerationOptions.Default);
        return Iterate(generation, cancellationToken);

        static IEnumerable<GeneratedToken> Iterate(Generation generation, CancellationToken cancellationToken)
        {
            GeneratedToken token;
            do
            {
                token = generation.Step(cancellationToken);
                yield return token;
            }
            while (token.Finish is null);
        }
    }

    /// <summary>As <see cref="Generate(string, GenerationOptions?, CancellationToken)"/>, computing each token on the thread pool.</summary>
    /// <exception cref="EngineException">An option is out of range, or there is nothing to continue.</exception>
    /// <exception cref="ContextLimitException">The text does not fit the context.</exception>
    /// <exception cref="OperationCanceledException">Cancelled; the session may be used again.</exception>
    public IAsyncEnumerable<GeneratedToken> GenerateAsync(string prompt, GenerationOptions? options = null, CancellationToken cancellationToken = default) =>
        GenerateAsync(Encode(prompt), options, cancellationToken);

    /// <summary>As <see cref="Generate(IReadOnlyList{int}, GenerationOptions?, CancellationToken)"/>, computing each token on the thread pool.</summary>
    /// <exception cref="EngineException">An option is out of range, or there is nothing to continue.</exception>
    /// <exception cref="ContextLimitException">The prompt does not fit the context.</exception>
    /// <exception cref="OperationCanceledException">Cancelled; the session may be used again.</exception>
    public IAsyncEnumerable<GeneratedToken> GenerateAsync(IReadOnlyList<int> prompt, GenerationOptions? options = null, CancellationToken cancellationToken = default)
    {
        var generation = new Generation(_session, _tokenizer, prompt, options ?? GenerationOptions.Default);
        return Iterate(generation, cancellationToken);

        static async IAsyncEnumerable<GeneratedToken> Iterate(Generation generation, [EnumeratorCancellation] CancellationToken cancellationToken)
        {
            GeneratedToken token;
            do
            {
                token = await Task.Run(() => generation.Step(cancellationToken), cancellationToken).ConfigureAwait(false);
                yield return token;
            }
            while (token.Finish is null);
        }
    }
}
