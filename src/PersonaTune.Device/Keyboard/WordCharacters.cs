using System.Globalization;
using System.Text;

namespace PersonaTune.Device.Keyboard;

/// <summary>
/// What the keyboard takes for a word: a longest run of letters, digits and marks, and of apostrophes that a letter follows
/// ("don't", not "dogs'"). Everything else is typed key by key.
/// </summary>
public static class WordCharacters
{
    /// <summary>Whether a character can stand in a word wherever it occurs.</summary>
    public static bool IsWordRune(Rune rune) => Rune.GetUnicodeCategory(rune) switch
    {
        UnicodeCategory.UppercaseLetter or UnicodeCategory.LowercaseLetter or UnicodeCategory.TitlecaseLetter
            or UnicodeCategory.ModifierLetter or UnicodeCategory.OtherLetter
            or UnicodeCategory.NonSpacingMark or UnicodeCategory.SpacingCombiningMark or UnicodeCategory.EnclosingMark
            or UnicodeCategory.DecimalDigitNumber or UnicodeCategory.LetterNumber or UnicodeCategory.OtherNumber => true,
        _ => false,
    };

    /// <summary>The words of a text in order.</summary>
    public static IEnumerable<Range> Words(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        for (var i = 0; i < text.Length;)
        {
            var end = WordEnd(text, i);
            if (end > i)
            {
                yield return i..end;
                i = end;
            }
            else
            {
                i += RuneAt(text, i).Width;
            }
        }
    }

    /// <summary>Where the word that the text ends in begins; the text's length where it does not end in a word.</summary>
    public static int LastWordStart(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        var start = text.Length;
        while (start > 0)
        {
            if (Rune.DecodeLastFromUtf16(text.AsSpan(0, start), out var rune, out var width) != System.Buffers.OperationStatus.Done) break;
            // "don'" may yet become "don't", so a trailing apostrophe after a letter is part of what is being typed.
            var inside = IsWordRune(rune) || (IsApostrophe(rune) && start - width > 0 && IsWordRune(LastRune(text, start - width)));
            if (!inside) break;
            start -= width;
        }
        return start;
    }

    internal static bool IsApostrophe(Rune rune) => rune.Value is '\'' or 0x2019;

    private static int WordEnd(string text, int start)
    {
        var end = start;
        while (end < text.Length)
        {
            var (rune, width) = RuneAt(text, end);
            if (IsWordRune(rune)) end += width;
            else if (end > start && IsApostrophe(rune) && end + width < text.Length && IsWordRune(RuneAt(text, end + width).Rune)) end += width;
            else break;
        }
        return end;
    }

    private static (Rune Rune, int Width) RuneAt(string text, int index)
    {
        Rune.DecodeFromUtf16(text.AsSpan(index), out var rune, out var width);
        return (rune, width);
    }

    private static Rune LastRune(string text, int end)
    {
        Rune.DecodeLastFromUtf16(text.AsSpan(0, end), out var rune, out _);
        return rune;
    }
}
