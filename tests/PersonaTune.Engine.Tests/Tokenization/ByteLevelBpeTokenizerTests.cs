using System.Text;
using PersonaTune.Engine.Formats;
using PersonaTune.Engine.Tokenization;

namespace PersonaTune.Engine.Tests.Tokenization;

public sealed class ByteLevelBpeTokenizerTests
{
    [Fact]
    public void TheBestRankedMergeComesFirst()
    {
        // "b c" outranks "a b", so "abc" becomes a + bc although "ab" stands first.
        var tokenizer = new ByteLevelBpeTokenizer(SmallVocabulary.ByteLevel("b c", "a b"));
        Assert.Equal(["a", "bc"], Spell(tokenizer, tokenizer.Encode("abc")));
        Assert.Equal(["ab", "ab"], Spell(tokenizer, tokenizer.Encode("abab")));
    }

    [Fact]
    public void TextThatSpellsAControlTokenStaysText()
    {
        var vocabulary = SmallVocabulary.ByteLevel("< |");
        var tokenizer = new ByteLevelBpeTokenizer(vocabulary);
        var ids = tokenizer.Encode("<|end|>");
        Assert.DoesNotContain(0, ids);
        Assert.Equal("<|end|>", tokenizer.Decode([.. ids]));
        Assert.Equal("", tokenizer.Decode([0, 0]));
        Assert.True(tokenizer.TokenBytes(0).IsEmpty);
    }

    [Fact]
    public void UserDefinedTokensAreFoundFirstAndLongestFirst()
    {
        var vocabulary = SmallVocabulary.ByteLevel("a b");
        var tokens = vocabulary.Tokens.Append("<x>").Append("<x><x>").ToList();
        var kinds = vocabulary.Kinds!.Append(TokenKind.UserDefined).Append(TokenKind.UserDefined).ToList();
        var tokenizer = new ByteLevelBpeTokenizer(vocabulary with { Tokens = tokens, Kinds = kinds });
        Assert.Equal(["ab", "<x><x>", "<x>", "<", "x"], Spell(tokenizer, tokenizer.Encode("ab<x><x><x><x")));
    }

    [Theory]
    [InlineData(PreTokenizerKind.Gpt2)]
    [InlineData(PreTokenizerKind.Llama3)]
    [InlineData(PreTokenizerKind.Qwen2)]
    [InlineData(PreTokenizerKind.SmolLm)]
    public void DecodingGivesTheTextBack(PreTokenizerKind kind)
    {
        var tokenizer = new ByteLevelBpeTokenizer(
            SmallVocabulary.ByteLevel("Ġ a", "a a", "Ġ '", "l l", "' ll", "Ġ Ġ", "Ċ Ċ", "Ã ©", "1 2") with { PreTokenizer = kind });
        var random = new Random(7);
        for (var trial = 0; trial < 500; trial++)
        {
            var text = SmallVocabulary.RandomText(random, random.Next(200));
            Assert.Equal(text, tokenizer.Decode([.. tokenizer.Encode(text)]));
        }
    }

    [Fact]
    public void LongPiecesMergeAsShortOnesDo()
    {
        var random = new Random(11);
        for (var trial = 0; trial < 60; trial++)
        {
            var merges = RandomMerges(random);
            var tokenizer = new ByteLevelBpeTokenizer(SmallVocabulary.ByteLevel([.. merges]));
            var text = new string([.. Enumerable.Range(0, random.Next(1, 700)).Select(_ => "abcd"[random.Next(4)])]);
            Assert.Equal(MergeNaively(text, merges), Spell(tokenizer, tokenizer.Encode(text)));
        }
    }

    [Fact]
    public void AWholePieceWinsWhereTheFamilySaysSo()
    {
        // "abc" is a token that no merge reaches.
        var vocabulary = SmallVocabulary.ByteLevel("b c");
        vocabulary = vocabulary with { Tokens = [.. vocabulary.Tokens, "abc"], Kinds = [.. vocabulary.Kinds!, TokenKind.Normal] };
        var merging = new ByteLevelBpeTokenizer(vocabulary);
        var ignoring = new ByteLevelBpeTokenizer(vocabulary with { IgnoreMerges = true });
        Assert.Equal(["a", "bc"], Spell(merging, merging.Encode("abc")));
        Assert.Equal(["abc"], Spell(ignoring, ignoring.Encode("abc")));
        Assert.NotEqual(merging.Digest, ignoring.Digest);
    }

    [Fact]
    public void UnpairedSurrogatesBecomeReplacementCharacters()
    {
        var tokenizer = new ByteLevelBpeTokenizer(SmallVocabulary.ByteLevel());
        Assert.Equal("a\uFFFDb", tokenizer.Decode([.. tokenizer.Encode("a\uD83Eb")]));
    }

    [Fact]
    public void AMissingByteIsNamed()
    {
        var vocabulary = SmallVocabulary.ByteLevel();
        var tokens = vocabulary.Tokens.ToArray();
        tokens[1 + 'a'] = "replaced";
        var tokenizer = new ByteLevelBpeTokenizer(vocabulary with { Tokens = tokens });
        Assert.Contains("0x61", Assert.Throws<EngineException>(() => tokenizer.Encode("cat")).Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("a nosuch")]
    [InlineData("nosuch a")]
    [InlineData("a b")]
    [InlineData("ab")]
    [InlineData(" ")]
    [InlineData("a ")]
    [InlineData("")]
    public void AMergeOfUnknownTokensIsRefused(string merge)
    {
        var vocabulary = SmallVocabulary.ByteLevel() with { Merges = [merge] };
        Assert.Throws<FileFormatException>(() => new ByteLevelBpeTokenizer(vocabulary));
    }

    private static List<string> Spell(ByteLevelBpeTokenizer tokenizer, IEnumerable<int> ids) =>
        [.. ids.Select(id => Encoding.UTF8.GetString(tokenizer.TokenBytes(id)))];

    private static List<string> RandomMerges(Random random)
    {
        List<string> tokens = ["a", "b", "c", "d"];
        List<string> merges = [];
        while (merges.Count < 40)
        {
            var (left, right) = (tokens[random.Next(tokens.Count)], tokens[random.Next(tokens.Count)]);
            if (tokens.Contains(left + right)) continue;
            tokens.Add(left + right);
            merges.Add($"{left} {right}");
        }
        return merges;
    }

    private static List<string> MergeNaively(string text, List<string> merges)
    {
        List<string> symbols = [.. text.Select(c => c.ToString())];
        while (true)
        {
            var best = Enumerable.Range(0, symbols.Count - 1)
                .Select(i => (Rank: merges.IndexOf($"{symbols[i]} {symbols[i + 1]}"), At: i))
                .Where(pair => pair.Rank >= 0)
                .DefaultIfEmpty((Rank: -1, At: -1))
                .Min();
            if (best.At < 0) return symbols;
            symbols[best.At] += symbols[best.At + 1];
            symbols.RemoveAt(best.At + 1);
        }
    }
}
