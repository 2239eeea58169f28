namespace KeyboardStyle;

/// <summary>A moment of typing: the text before the cursor and the word that was meant.</summary>
internal sealed record TypedContext(string Typed, string Meant)
{
    private const int ShownCharacters = 34;

    /// <summary>The end of <see cref="Typed"/> with a cursor.</summary>
    public string Shown => (Typed.Length <= ShownCharacters ? Typed : $"…{Typed[^(ShownCharacters - 1)..]}") + "▏";

    /// <summary>
    /// Moments in unseen messages at which the writer repeats a pair of words from the learned ones: where a keyboard that knows the
    /// writer should shine. Evenly spaced over all such moments, so that nobody picked the good ones; in turn before the word's first
    /// letter and after it. Without such moments, any word that follows another.
    /// </summary>
    public static IReadOnlyList<TypedContext> Choose(IEnumerable<string> learned, IEnumerable<string> unseen, int count)
    {
        var known = learned.SelectMany(Pairs).Select(pair => pair.Key).ToHashSet(StringComparer.Ordinal);
        var all = unseen.SelectMany(message => Pairs(message).Select(pair => (Message: message, Pair: pair))).DistinctBy(moment => moment.Pair.Key, StringComparer.Ordinal).ToList();
        var moments = all.Where(moment => known.Contains(moment.Pair.Key)).ToList();
        if (moments.Count == 0) moments = all;
        var chosen = moments.Count <= count ? moments : [.. Enumerable.Range(0, count).Select(i => moments[i * moments.Count / count])];
        return [.. chosen.Select((moment, i) => new TypedContext(moment.Message[..(moment.Pair.Start + i % 2)], moment.Message.Substring(moment.Pair.Start, moment.Pair.Length)))];
    }

    /// <summary>Each word of four or more letters with the word before it.</summary>
    private static IEnumerable<(string Key, int Start, int Length)> Pairs(string message)
    {
        var before = string.Empty;
        for (var i = 0; i < message.Length; i++)
        {
            if (!char.IsLetterOrDigit(message[i])) continue;
            var start = i;
            while (i < message.Length && (char.IsLetterOrDigit(message[i]) || message[i] == '\'')) i++;
            var word = message[start..i];
            if (before.Length > 0 && word.Length >= 4 && char.IsWhiteSpace(message[start - 1])) yield return ($"{before} {word}", start, word.Length);
            before = word;
        }
    }
}
