namespace KeyboardStyle;

/// <summary>A moment of typing: the text before the cursor and the word that was meant.</summary>
internal sealed record TypedContext(string Typed, string Meant)
{
    private const int ShownCharacters = 34;

    /// <summary>The end of <see cref="Typed"/> with a cursor.</summary>
    public string Shown => (Typed.Length <= ShownCharacters ? Typed : $"…{Typed[^(ShownCharacters - 1)..]}") + "▏";

    /// <summary>
    /// Evenly spaced moments in the messages, so that nobody picked the good ones: the middle word of three or more letters of a message,
    /// in turn before its first letter and after it.
    /// </summary>
    public static IReadOnlyList<TypedContext> Choose(IReadOnlyList<string> messages, int count)
    {
        var moments = new List<(string Message, int Start, int Length)>();
        foreach (var message in messages)
        {
            var words = Words(message).Where(word => word.Start > 0 && word.Length >= 3).ToList();
            if (words.Count > 0) moments.Add((message, words[words.Count / 2].Start, words[words.Count / 2].Length));
        }

        var chosen = moments.Count <= count ? moments : [.. Enumerable.Range(0, count).Select(i => moments[i * moments.Count / count])];
        return [.. chosen.Select((moment, i) => new TypedContext(moment.Message[..(moment.Start + i % 2)], moment.Message.Substring(moment.Start, moment.Length)))];
    }

    private static IEnumerable<(int Start, int Length)> Words(string message)
    {
        for (var i = 0; i < message.Length; i++)
        {
            if (!char.IsLetter(message[i])) continue;
            var start = i;
            while (i < message.Length && (char.IsLetter(message[i]) || message[i] == '\'')) i++;
            yield return (start, i - start);
        }
    }
}
