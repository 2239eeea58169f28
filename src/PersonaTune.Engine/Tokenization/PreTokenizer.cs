using System.Globalization;
using System.Text;

namespace PersonaTune.Engine.Tokenization;

/// <summary>
/// Cuts text into the pieces of a <see cref="PreTokenizerKind"/> by hand-written scanning, left to right, without allocation: the same
/// pieces as the family's regular expression. Every character is in exactly one piece.
/// </summary>
internal ref struct PreTokenizer
{
    private readonly PreTokenizerKind _kind;
    private ReadOnlySpan<char> _rest;
    private int _digitFree;

    public PreTokenizer(PreTokenizerKind kind, ReadOnlySpan<char> text)
    {
        _kind = kind;
        _rest = text;
    }

    private enum CharacterClass
    {
        Space,
        Letter,
        Number,
        Other,
    }

    /// <summary>Takes the next piece; false at the end of the text.</summary>
    public bool TryNext(out ReadOnlySpan<char> piece)
    {
        if (_rest.IsEmpty)
        {
            piece = default;
            return false;
        }
        var length = _kind switch
        {
            PreTokenizerKind.Gpt2 => Gpt2(_rest),
            PreTokenizerKind.Llama3 => Llama3(_rest, 3),
            PreTokenizerKind.Qwen2 => Llama3(_rest, 1),
            _ => SmolLm(),
        };
        piece = _rest[..length];
        _rest = _rest[length..];
        return true;
    }

    private int SmolLm()
    {
        // Digits are cut out first, so what GPT-2's rule sees ends before the next digit.
        if (_digitFree == 0)
        {
            if (Classify(_rest, 0, out var width) == CharacterClass.Number) return width;
            while (_digitFree < _rest.Length && Classify(_rest, _digitFree, out width) != CharacterClass.Number) _digitFree += width;
        }
        var length = Gpt2(_rest[.._digitFree]);
        _digitFree -= length;
        return length;
    }

    // 's|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+
    private static int Gpt2(ReadOnlySpan<char> text)
    {
        if (Contraction(text, ignoreCase: false) is var contraction and > 0) return contraction;
        var start = text[0] == ' ' && text.Length > 1 ? 1 : 0;
        var first = Classify(text, start, out _);
        return first == CharacterClass.Space ? SpaceRun(text) : RunEnd(text, start, first, int.MaxValue);
    }

    // (?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,digits}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+
    private static int Llama3(ReadOnlySpan<char> text, int digits)
    {
        if (Contraction(text, ignoreCase: true) is var contraction and > 0) return contraction;
        var first = Classify(text, 0, out var width);
        if (first == CharacterClass.Letter) return RunEnd(text, 0, CharacterClass.Letter, int.MaxValue);
        if (first == CharacterClass.Number) return RunEnd(text, 0, CharacterClass.Number, digits);
        var second = width < text.Length ? Classify(text, width, out _) : CharacterClass.Space;
        if (text[0] is not ('\r' or '\n') && second == CharacterClass.Letter)
            return RunEnd(text, width, CharacterClass.Letter, int.MaxValue);
        if (first == CharacterClass.Other || (text[0] == ' ' && second == CharacterClass.Other))
        {
            var end = RunEnd(text, first == CharacterClass.Other ? 0 : 1, CharacterClass.Other, int.MaxValue);
            while (end < text.Length && text[end] is '\r' or '\n') end++;
            return end;
        }
        var spaces = RunEnd(text, 0, CharacterClass.Space, int.MaxValue);
        var line = text[..spaces].LastIndexOfAny('\r', '\n');
        return line >= 0 ? line + 1 : SpaceRun(text);
    }

    // \s+(?!\S)|\s+: a run before text leaves its last character to that text. White space is one UTF-16 unit wide.
    private static int SpaceRun(ReadOnlySpan<char> text)
    {
        var end = RunEnd(text, 0, CharacterClass.Space, int.MaxValue);
        return end < text.Length && end > 1 ? end - 1 : end;
    }

    private static int RunEnd(ReadOnlySpan<char> text, int start, CharacterClass wanted, int limit)
    {
        while (limit-- > 0 && start < text.Length && Classify(text, start, out var width) == wanted) start += width;
        return start;
    }

    private static int Contraction(ReadOnlySpan<char> text, bool ignoreCase)
    {
        if (text.Length < 2 || text[0] != '\'') return 0;
        var first = ignoreCase ? char.ToLowerInvariant(text[1]) : text[1];
        if (first is 's' or 't' or 'm' or 'd') return 2;
        if (text.Length < 3) return 0;
        var second = ignoreCase ? char.ToLowerInvariant(text[2]) : text[2];
        return (first, second) is ('r', 'e') or ('v', 'e') or ('l', 'l') ? 3 : 0;
    }

    private static CharacterClass Classify(ReadOnlySpan<char> text, int index, out int width)
    {
        var c = text[index];
        width = 1;
        if (char.IsAscii(c))
        {
            if (char.IsAsciiLetter(c)) return CharacterClass.Letter;
            if (char.IsAsciiDigit(c)) return CharacterClass.Number;
            return c is ' ' or (>= '\t' and <= '\r') ? CharacterClass.Space : CharacterClass.Other;
        }
        // An unpaired surrogate decodes to U+FFFD with a width of one.
        Rune.DecodeFromUtf16(text[index..], out var rune, out width);
        if (Rune.IsWhiteSpace(rune)) return CharacterClass.Space;
        return Rune.GetUnicodeCategory(rune) switch
        {
            UnicodeCategory.UppercaseLetter or UnicodeCategory.LowercaseLetter or UnicodeCategory.TitlecaseLetter
                or UnicodeCategory.ModifierLetter or UnicodeCategory.OtherLetter => CharacterClass.Letter,
            UnicodeCategory.DecimalDigitNumber or UnicodeCategory.LetterNumber or UnicodeCategory.OtherNumber => CharacterClass.Number,
            _ => CharacterClass.Other,
        };
    }
}
