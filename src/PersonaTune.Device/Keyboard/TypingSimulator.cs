namespace PersonaTune.Device.Keyboard;

/// <summary>
/// Types held-out messages with one predictor's suggestions and counts what they would have saved. A word is what
/// <see cref="WordCharacters"/> says; a suggestion counts only if it is the word letter by letter, case included. Picking one of the
/// suggestions costs one key and types the following space too (a keyboard takes the space back before punctuation); every other
/// character costs one key. Not thread-safe.
/// </summary>
internal sealed class TypingSimulator(ITokenPredictor predictor, WordVocabulary vocabulary, Func<string, int[]> encodeContext,
    SuggestionOptions options)
{
    private readonly WordSearch _search = new(vocabulary);

    /// <summary>Tries to predict a word before its first letter.</summary>
    public void TryNextWord(string text, Range word, TypingCounts counts, CancellationToken cancellationToken)
    {
        var (start, length) = word.GetOffsetAndLength(text.Length);
        var suggestions = Suggest(text[..start], cancellationToken);
        var rank = suggestions.FindIndex(suggestion => text.AsSpan(start, length).SequenceEqual(suggestion.Word));
        counts.Targets++;
        if (rank == 0) counts.Top1++;
        if (rank is >= 0 and < 3) counts.Top3++;
    }

    /// <summary>Types a whole message.</summary>
    public void Type(string text, TypingCounts counts, CancellationToken cancellationToken)
    {
        counts.Characters += text.Length;
        var typed = 0;
        foreach (var word in WordCharacters.Words(text))
        {
            var (start, length) = word.GetOffsetAndLength(text.Length);
            // A suggestion picked for the word before has typed one space already.
            counts.Keys += Math.Max(0, start - typed);
            typed = start;
            for (; typed < start + length; typed++)
            {
                var suggestions = Suggest(text[..typed], cancellationToken);
                counts.Keys++;
                if (suggestions.Exists(suggestion => text.AsSpan(start, length).SequenceEqual(suggestion.Word)))
                {
                    typed = start + length;
                    if (typed < text.Length && text[typed] == ' ') typed++;
                    break;
                }
            }
        }
        counts.Keys += Math.Max(0, text.Length - typed);
    }

    private List<WordSuggestion> Suggest(string text, CancellationToken cancellationToken)
    {
        var typed = TypedText.Parse(text, vocabulary);
        predictor.Start(encodeContext(typed.Context));
        return _search.Run(predictor, typed, options.Count, options.MaxExpansions, options.CaseFactor, null, cancellationToken);
    }
}
