namespace PersonaTune.Device.Keyboard;

/// <summary>
/// Types held-out messages with one predictor's suggestions and counts what they would have saved. A word is what
/// <see cref="WordCharacters"/> says; a suggestion counts only if it is the word letter by letter, case included. Picking one of the
/// suggestions costs one key and types the following space too (a keyboard takes the space back before punctuation); every other
/// character costs one key. Messages are gone through word by word, so that several simulators can share a model's work. Not thread-safe.
/// </summary>
internal sealed class TypingSimulator(ITokenPredictor predictor, WordVocabulary vocabulary, Func<string, int[]> encodeContext,
    SuggestionOptions options)
{
    private readonly WordSearch _search = new(vocabulary);
    private int _typed;

    /// <summary>The sums so far.</summary>
    public TypingCounts Counts { get; } = new();

    /// <summary>Starts a message.</summary>
    public void Begin() => _typed = 0;

    /// <summary>Goes on to a word of the message: tries to predict it before its first letter, types it, or both.</summary>
    public void Visit(string text, Range word, bool predict, bool type, CancellationToken cancellationToken)
    {
        if (!predict && !type) return;
        var (start, length) = word.GetOffsetAndLength(text.Length);
        var rank = Rank(text, start, start, length, cancellationToken);
        if (predict) Count(rank);
        if (type) Type(text, start, length, rank, cancellationToken);
    }

    /// <summary>Ends a message that was typed.</summary>
    public void End(string text)
    {
        Counts.Characters += text.Length;
        Counts.Keys += Math.Max(0, text.Length - _typed);
    }

    private void Count(int rank)
    {
        Counts.Targets++;
        if (rank == 0) Counts.Top1++;
        if (rank is >= 0 and < 3) Counts.Top3++;
    }

    private void Type(string text, int start, int length, int rank, CancellationToken cancellationToken)
    {
        // A suggestion picked for the word before has typed one space already.
        Counts.Keys += Math.Max(0, start - _typed);
        for (_typed = start; _typed < start + length; _typed++)
        {
            if (_typed > start) rank = Rank(text, _typed, start, length, cancellationToken);
            Counts.Keys++;
            if (rank < 0) continue;
            _typed = start + length;
            if (_typed < text.Length && text[_typed] == ' ') _typed++;
            break;
        }
    }

    /// <summary>The place of the word among what is suggested after the first <paramref name="typed"/> characters; -1 where it is not there.</summary>
    private int Rank(string text, int typed, int start, int length, CancellationToken cancellationToken)
    {
        var before = TypedText.Parse(text[..typed], vocabulary);
        predictor.Start(encodeContext(before.Context));
        return _search.Run(predictor, before, options.Count, options.MaxExpansions, options.CaseFactor, null, cancellationToken)
            .FindIndex(suggestion => text.AsSpan(start, length).SequenceEqual(suggestion.Word));
    }
}
