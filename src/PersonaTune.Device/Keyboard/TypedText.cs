namespace PersonaTune.Device.Keyboard;

/// <summary>What stands before the cursor, taken apart.</summary>
/// <param name="Context">The text before the word and before the one space that the word's first token carries.</param>
/// <param name="LeadingSpace">Whether the word's first token carries a space.</param>
/// <param name="Prefix">The typed beginning of the word, possibly empty.</param>
internal readonly record struct TypedText(string Context, bool LeadingSpace, string Prefix)
{
    public static TypedText Parse(string text, WordVocabulary vocabulary)
    {
        var start = WordCharacters.LastWordStart(text);
        var prefix = text[start..];
        if (start == 0) return new TypedText("", vocabulary.LeadingSpaceAtStart, prefix);
        return text[start - 1] == ' '
            ? new TypedText(text[..(start - 1)], true, prefix)
            : new TypedText(text[..start], false, prefix);
    }
}
