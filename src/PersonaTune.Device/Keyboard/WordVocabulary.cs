using System.Text;
using PersonaTune.Engine.Tokenization;

namespace PersonaTune.Device.Keyboard;

/// <summary>
/// A vocabulary seen as parts of words: which tokens begin, continue or end a word, and which ones fit what has been typed. Built once
/// a tokenizer; immutable and thread-safe. Letters are compared without ASCII case; the caller decides what a difference in case costs.
/// </summary>
internal sealed class WordVocabulary
{
    private readonly byte[][] _bytes;
    private readonly bool[] _inWord;
    private readonly int[] _ordered;
    private readonly int[] _continuing;
    private readonly int[] _mixed;

    public WordVocabulary(ITokenizer tokenizer)
    {
        var count = tokenizer.VocabularySize;
        _bytes = new byte[count][];
        _inWord = new bool[count];
        var continuing = new List<int>();
        var mixed = new List<int>();
        for (var id = 0; id < count; id++)
        {
            _bytes[id] = tokenizer.TokenBytes(id).ToArray();
            ReadOnlySpan<byte> bytes = _bytes[id];
            if (bytes.IsEmpty) continue;
            _inWord[id] = IsWordPart(bytes[0] == ' ' ? bytes[1..] : bytes, out var startsInWord);
            if (bytes[0] == ' ' || !startsInWord) continue;
            (_inWord[id] ? continuing : mixed).Add(id);
        }
        _continuing = [.. continuing];
        _mixed = [.. mixed];
        _ordered = [.. Enumerable.Range(0, count).Where(id => _inWord[id])];
        Array.Sort(_ordered, (a, b) => Compare(_bytes[a], _bytes[b]));
        LeadingSpaceAtStart = tokenizer.Encode("a") is [var first, ..] && tokenizer.TokenBytes(first).StartsWith(" "u8);
    }

    /// <summary>Whether the vocabulary writes a space before the first word of a text.</summary>
    public bool LeadingSpaceAtStart { get; }

    /// <summary>Tokens that carry a word on.</summary>
    public ReadOnlySpan<int> Continuing => _continuing;

    /// <summary>Tokens that carry a word on and end it. All other tokens, coming after a word, show that it has ended.</summary>
    public ReadOnlySpan<int> Mixed => _mixed;

    public ReadOnlySpan<byte> Bytes(int id) => _bytes[id];

    /// <summary>Appends the tokens that begin with <paramref name="required"/>, and those that are the beginning of it.</summary>
    public void Match(ReadOnlySpan<byte> required, List<int> tokens)
    {
        for (var length = 1; length < required.Length; length++) AddEqual(required[..length], tokens);
        for (var i = LowerBound(required); i < _ordered.Length && StartsWith(_bytes[_ordered[i]], required); i++) tokens.Add(_ordered[i]);
    }

    public static byte Fold(byte value) => value is >= (byte)'A' and <= (byte)'Z' ? (byte)(value + 32) : value;

    private void AddEqual(ReadOnlySpan<byte> bytes, List<int> tokens)
    {
        for (var i = LowerBound(bytes); i < _ordered.Length; i++)
        {
            var token = _bytes[_ordered[i]];
            if (token.Length != bytes.Length || !StartsWith(token, bytes)) break;
            tokens.Add(_ordered[i]);
        }
    }

    private int LowerBound(ReadOnlySpan<byte> key)
    {
        var (low, high) = (0, _ordered.Length);
        while (low < high)
        {
            var middle = (low + high) / 2;
            if (Compare(_bytes[_ordered[middle]], key) < 0) low = middle + 1;
            else high = middle;
        }
        return low;
    }

    private static bool StartsWith(ReadOnlySpan<byte> bytes, ReadOnlySpan<byte> prefix)
    {
        if (bytes.Length < prefix.Length) return false;
        for (var i = 0; i < prefix.Length; i++)
            if (Fold(bytes[i]) != Fold(prefix[i])) return false;
        return true;
    }

    private static int Compare(ReadOnlySpan<byte> a, ReadOnlySpan<byte> b)
    {
        for (var i = 0; i < a.Length && i < b.Length; i++)
            if (Fold(a[i]) - Fold(b[i]) is var difference and not 0) return difference;
        return a.Length - b.Length;
    }

    /// <summary>Whether all characters may stand in a word; bytes of a character that is spread over tokens are let through.</summary>
    private static bool IsWordPart(ReadOnlySpan<byte> bytes, out bool startsInWord)
    {
        startsInWord = false;
        for (var first = true; !bytes.IsEmpty; first = false)
        {
            var status = Rune.DecodeFromUtf8(bytes, out var rune, out var width);
            var partial = status != System.Buffers.OperationStatus.Done;
            var inWord = partial || WordCharacters.IsWordRune(rune)
                || (WordCharacters.IsApostrophe(rune) && Rune.DecodeFromUtf8(bytes[width..], out var next, out _) == System.Buffers.OperationStatus.Done
                    && WordCharacters.IsWordRune(next));
            if (first) startsInWord = inWord;
            if (!inWord) return false;
            bytes = bytes[width..];
        }
        return true;
    }
}
