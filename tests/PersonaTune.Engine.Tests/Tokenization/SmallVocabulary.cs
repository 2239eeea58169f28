using PersonaTune.Engine.Tokenization;

namespace PersonaTune.Engine.Tests.Tokenization;

/// <summary>Vocabularies small enough to check by hand.</summary>
internal static class SmallVocabulary
{
    /// <summary>Id 0 is a control token, ids 1 to 256 the bytes, then one token for each merge.</summary>
    public static TokenizerVocabulary ByteLevel(params string[] merges)
    {
        var tokens = new List<string> { "<|end|>" };
        for (var value = 0; value < 256; value++) tokens.Add(ByteAlphabet.Spell((byte)value).ToString());
        foreach (var merge in merges)
            if (merge.Replace(" ", "", StringComparison.Ordinal) is var token && !tokens.Contains(token)) tokens.Add(token);
        var kinds = Enumerable.Repeat(TokenKind.Normal, tokens.Count).ToArray();
        kinds[0] = TokenKind.Control;
        return new TokenizerVocabulary
        {
            Subject = "small.gguf",
            Model = TokenizerModel.ByteLevelBpe,
            Tokens = tokens,
            Kinds = kinds,
            Merges = merges,
            BosId = 0,
            EosId = 0,
        };
    }

    /// <summary>Ids 0 to 2 are unknown, BOS and EOS, 3 to 258 the bytes, then the given pieces; earlier pieces score higher.</summary>
    public static TokenizerVocabulary SentencePiece(params string[] pieces)
    {
        string[] tokens = ["<unk>", "<s>", "</s>", .. Enumerable.Range(0, 256).Select(value => $"<0x{value:X2}>"), .. pieces];
        TokenKind[] kinds =
        [
            TokenKind.Unknown, TokenKind.Control, TokenKind.Control,
            .. Enumerable.Repeat(TokenKind.Byte, 256), .. Enumerable.Repeat(TokenKind.Normal, pieces.Length),
        ];
        return new TokenizerVocabulary
        {
            Subject = "small.gguf",
            Model = TokenizerModel.SentencePiece,
            Tokens = tokens,
            Kinds = kinds,
            Scores = [.. Enumerable.Range(0, tokens.Length).Select(id => (float)-id)],
            AddSpacePrefix = true,
            BosId = 1,
            EosId = 2,
        };
    }

    /// <summary>A random text that mixes scripts, spaces, line ends, digits, apostrophes and astral characters; always valid UTF-16.</summary>
    public static string RandomText(Random random, int length)
    {
        const string alphabet = "aabcdeLlSsTtvVrRmM'''    \t\r\n\n\u00A0\u3000123９½.,!?-_éßЖщ我想កាﬁ\u0301";
        var text = new System.Text.StringBuilder();
        while (text.Length < length)
            if (random.Next(20) == 0) text.Append(char.ConvertFromUtf32(random.Next(0x1F300, 0x1F700)));
            else text.Append(alphabet[random.Next(alphabet.Length)]);
        return text.ToString();
    }
}
