using PersonaTune.Engine.Tokenization;

namespace PersonaTune.Device.Keyboard;

/// <summary>How messages become token sequences: start token (BOS, or EOS where there is no BOS), text, end token.</summary>
internal static class MessageFraming
{
    /// <summary>The token that begins every message.</summary>
    /// <exception cref="ArgumentException">The vocabulary has neither BOS nor EOS.</exception>
    public static int StartId(ITokenizer tokenizer) => tokenizer.BosId ?? tokenizer.EosId
        ?? throw new ArgumentException("the keyboard needs a vocabulary with a beginning- or end-of-sequence token", nameof(tokenizer));

    /// <summary>A message as the model learns it; texts longer than the limit are cut at the end.</summary>
    public static int[] Encode(ITokenizer tokenizer, string text, int maxTokens)
    {
        var ids = new List<int> { StartId(tokenizer) };
        ids.AddRange(tokenizer.Encode(text).Take(maxTokens - 2));
        if (tokenizer.EosId is { } end) ids.Add(end);
        return [.. ids];
    }

    /// <summary>The context before a word; of a long text the last tokens.</summary>
    public static int[] EncodeContext(ITokenizer tokenizer, string text, int maxTokens)
    {
        var ids = tokenizer.Encode(text);
        return [StartId(tokenizer), .. ids.Skip(Math.Max(0, ids.Count - (maxTokens - 1)))];
    }
}
