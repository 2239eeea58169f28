using PersonaTune.Engine.Models;
using PersonaTune.Engine.Tokenization;

namespace PersonaTune.Device.Keyboard;

/// <summary>How messages become token sequences: start token (BOS, or EOS where there is no BOS), text, end token. Immutable.</summary>
internal sealed class MessageFraming
{
    private const int RoomForWord = 32;
    private readonly int _contextLength;

    /// <exception cref="ArgumentException">The model has no tokenizer, or its vocabulary has neither BOS nor EOS.</exception>
    public MessageFraming(DecoderModel model)
    {
        Tokenizer = model.Tokenizer
            ?? throw new ArgumentException("the model file carries no tokenizer, so that text cannot be predicted; use a GGUF file with one", nameof(model));
        StartId = Tokenizer.BosId ?? Tokenizer.EosId
            ?? throw new ArgumentException("the keyboard needs a vocabulary with a beginning- or end-of-sequence token", nameof(model));
        _contextLength = model.Config.ContextLength;
    }

    /// <summary>The tokenizer.</summary>
    public ITokenizer Tokenizer { get; }

    /// <summary>The token that begins every message.</summary>
    public int StartId { get; }

    /// <summary>A message as the model learns it; a text longer than the model's context is cut at the end.</summary>
    public int[] Encode(string text)
    {
        var ids = Tokenizer.Encode(text).Take(_contextLength - 2);
        return Tokenizer.EosId is { } end ? [StartId, .. ids, end] : [StartId, .. ids];
    }

    /// <summary>All messages that have a token to predict (an empty one in a vocabulary without an end token has none).</summary>
    public List<int[]> EncodeAll(IEnumerable<string> texts) => [.. texts.Select(Encode).Where(ids => ids.Length > 1)];

    /// <summary>The tokens before a word; of a long text the last ones, with room left for the word.</summary>
    public int[] EncodeContext(string text)
    {
        var ids = Tokenizer.Encode(text);
        var room = _contextLength - Math.Min(RoomForWord, _contextLength / 2) - 1;
        return [StartId, .. ids.Skip(Math.Max(0, ids.Count - room))];
    }
}
