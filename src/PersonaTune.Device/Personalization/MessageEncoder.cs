using PersonaTune.Engine.Tokenization;

namespace PersonaTune.Device.Personalization;

/// <summary>
/// Turns messages into what the model learns and is scored on: the beginning-of-sequence token, the text, the end-of-sequence token.
/// A message longer than the limit continues in further pieces that repeat the last quarter as context without learning it again.
/// Immutable and thread-safe.
/// </summary>
public sealed class MessageEncoder
{
    private readonly ITokenizer _tokenizer;
    private readonly int _maximumLength;

    /// <summary>Creates an encoder; <paramref name="maximumLength"/> is the most tokens of a piece, at least 4.</summary>
    public MessageEncoder(ITokenizer tokenizer, int maximumLength)
    {
        ArgumentNullException.ThrowIfNull(tokenizer);
        ArgumentOutOfRangeException.ThrowIfLessThan(maximumLength, 4);
        (_tokenizer, _maximumLength) = (tokenizer, maximumLength);
    }

    /// <summary>Encodes a text; a text that gives no token to predict (empty, or white space that encodes to nothing) has no pieces.</summary>
    public EncodedMessage Encode(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        if (string.IsNullOrWhiteSpace(text)) return new EncodedMessage(0, []);
        var ids = new List<int>();
        // A vocabulary without a beginning mark usually lets the end mark separate texts (GPT-2).
        if ((_tokenizer.BosId ?? _tokenizer.EosId) is { } start) ids.Add(start);
        ids.AddRange(_tokenizer.Encode(text));
        if (_tokenizer.EosId is { } end) ids.Add(end);
        var pieces = new List<MessagePiece>();
        var overlap = _maximumLength / 4;
        for (int from = 0, learned = 1; learned < ids.Count; from = learned - overlap)
        {
            var length = Math.Min(_maximumLength, ids.Count - from);
            pieces.Add(new MessagePiece(ids.GetRange(from, length).ToArray(), learned - from));
            learned = from + length;
        }
        return new EncodedMessage(CountWords(text), pieces);
    }

    /// <summary>Words of a text: runs of characters other than white space.</summary>
    public static int CountWords(ReadOnlySpan<char> text)
    {
        var words = 0;
        var inside = false;
        foreach (var c in text)
        {
            var space = char.IsWhiteSpace(c);
            if (!space && !inside) words++;
            inside = !space;
        }
        return words;
    }
}
