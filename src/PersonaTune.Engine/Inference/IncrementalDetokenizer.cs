using System.Text;
using PersonaTune.Engine.Tokenization;

namespace PersonaTune.Engine.Inference;

/// <summary>
/// Turns tokens into text as they come: bytes wait until their character is complete, so that no piece ends inside one. Bytes that can
/// never become a character turn into U+FFFD. Not thread-safe.
/// </summary>
public sealed class IncrementalDetokenizer
{
    private readonly ITokenizer _tokenizer;
    private readonly Decoder _decoder = Encoding.UTF8.GetDecoder();
    private bool _atStart;

    /// <summary>
    /// Creates a detokenizer. At the start of a text (<paramref name="startOfText"/>) the vocabulary's leading-space rule is undone, as
    /// <see cref="ITokenizer.Decode"/> does; in the middle of one the space belongs to the text.
    /// </summary>
    public IncrementalDetokenizer(ITokenizer tokenizer, bool startOfText)
    {
        ArgumentNullException.ThrowIfNull(tokenizer);
        _tokenizer = tokenizer;
        _atStart = startOfText;
    }

    /// <summary>The characters that this token completes; often empty for parts of a character, always for control tokens.</summary>
    public string Append(int id)
    {
        var bytes = _tokenizer.TokenBytes(id);
        if (bytes.IsEmpty) return "";
        if (_atStart)
        {
            _atStart = false;
            if (bytes[0] == (byte)' ' && !_tokenizer.Decode([id]).StartsWith(' ')) bytes = bytes[1..];
        }

        return Decode(bytes, flush: false);
    }

    /// <summary>What is left at the end of the text: U+FFFD for an incomplete character, else empty.</summary>
    public string Flush() => Decode([], flush: true);

    private string Decode(ReadOnlySpan<byte> bytes, bool flush)
    {
        Span<char> chars = stackalloc char[256];
        var text = "";
        do
        {
            _decoder.Convert(bytes, chars, flush, out var used, out var written, out _);
            bytes = bytes[used..];
            if (written > 0) text = text.Length == 0 ? new string(chars[..written]) : string.Concat(text, chars[..written]);
        }
        while (!bytes.IsEmpty);
        return text;
    }
}
