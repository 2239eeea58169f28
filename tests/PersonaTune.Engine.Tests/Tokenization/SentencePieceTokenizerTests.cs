using PersonaTune.Engine.Formats;
using PersonaTune.Engine.Tokenization;

namespace PersonaTune.Engine.Tests.Tokenization;

public sealed class SentencePieceTokenizerTests
{
    private static readonly TokenizerVocabulary Vocabulary = SmallVocabulary.SentencePiece("bc", "ab", "▁a", "▁", "a", "b", "c", "é");

    [Fact]
    public void TheHighestScoreMergesFirst()
    {
        var tokenizer = new SentencePieceTokenizer(Vocabulary);
        Assert.Equal([Id("▁a"), Id("bc")], tokenizer.Encode("abc"));
        Assert.Equal([Id("▁"), Id("c"), Id("ab")], tokenizer.Encode("cab"));
        Assert.Empty(tokenizer.Encode(""));
    }

    [Fact]
    public void UnknownCharactersAreSpelledInBytes()
    {
        var tokenizer = new SentencePieceTokenizer(Vocabulary);
        Assert.Equal([Id("▁"), Id("é"), 3 + 0xC3, 3 + 0x9F, 3 + 0xF0, 3 + 0x9F, 3 + 0xA6, 3 + 0x99], tokenizer.Encode("éß🦙"));
    }

    [Fact]
    public void WithoutBytesTheUnknownTokenStands()
    {
        var kinds = Vocabulary.Kinds!.Select(kind => kind == TokenKind.Byte ? TokenKind.Normal : kind).ToList();
        var tokenizer = new SentencePieceTokenizer(Vocabulary with { Kinds = kinds });
        Assert.Equal([Id("▁a"), 0], tokenizer.Encode("aß"));
    }

    [Fact]
    public void DecodingGivesTheTextBack()
    {
        var random = new Random(5);
        foreach (var prefix in (bool[])[true, false])
        {
            var tokenizer = new SentencePieceTokenizer(Vocabulary with { AddSpacePrefix = prefix });
            for (var trial = 0; trial < 300; trial++)
            {
                var text = SmallVocabulary.RandomText(random, random.Next(120));
                Assert.Equal(text, tokenizer.Decode([.. tokenizer.Encode(text)]));
            }
        }
    }

    [Fact]
    public void TextThatSpellsAControlOrByteTokenStaysText()
    {
        var vocabulary = SmallVocabulary.SentencePiece("<s", "<", "s", ">", "▁");
        var tokenizer = new SentencePieceTokenizer(vocabulary);
        var ids = tokenizer.Encode("<s><0x0A>");
        Assert.DoesNotContain(1, ids);
        Assert.DoesNotContain(3 + 0x0A, ids);
        Assert.Equal("<s><0x0A>", tokenizer.Decode([.. ids]));
    }

    [Fact]
    public void UserDefinedTokensAreFoundFirst()
    {
        var vocabulary = SmallVocabulary.SentencePiece("a", "b", "▁", "▁▁");
        var kinds = vocabulary.Kinds!.ToArray();
        kinds[^1] = TokenKind.UserDefined;
        var tokenizer = new SentencePieceTokenizer(vocabulary with { Kinds = kinds, AddSpacePrefix = false });
        Assert.Equal([259, 262, 260], tokenizer.Encode("a  b"));
        Assert.Equal("a  b", tokenizer.Decode([259, 262, 260]));
    }

    [Theory]
    [InlineData("<0x-1>")]
    [InlineData("<0x100>")]
    [InlineData("<0xG0>")]
    [InlineData("<0x 1>")]
    [InlineData("")]
    public void AMisspelledByteTokenIsRefused(string spelling) => Refused(Vocabulary with { Tokens = Replace(Vocabulary.Tokens, 5, spelling) });

    [Fact]
    public void ContradictionsAreRefused()
    {
        Refused(Vocabulary with { Tokens = [] });
        Refused(Vocabulary with { Tokens = Replace(Vocabulary.Tokens, 260, "bc") });
        Refused(Vocabulary with { Kinds = [.. Vocabulary.Kinds!.Skip(1)] });
        Refused(Vocabulary with { Kinds = Replace(Vocabulary.Kinds!, 260, (TokenKind)7) });
        Refused(Vocabulary with { Kinds = Replace(Vocabulary.Kinds!, 260, (TokenKind)(-1)) });
        Refused(Vocabulary with { Scores = null });
        Refused(Vocabulary with { Scores = [.. Vocabulary.Scores!.Skip(1)] });
        Refused(Vocabulary with { Scores = Replace(Vocabulary.Scores!, 260, float.NaN) });
        Refused(Vocabulary with { BosId = Vocabulary.Tokens.Count });
        Refused(Vocabulary with { EosId = -1 });
        Refused(Vocabulary with { BosId = null, AddBos = true });
    }

    [Fact]
    public void IdsOutOfRangeAreRefused()
    {
        var tokenizer = new SentencePieceTokenizer(Vocabulary);
        Assert.Throws<ArgumentOutOfRangeException>(() => tokenizer.Decode([Vocabulary.Tokens.Count]));
        Assert.Throws<ArgumentOutOfRangeException>(() => tokenizer.IsControl(-1));
    }

    [Fact]
    public void LongTextTakesNoQuadraticTime()
    {
        var tokenizer = new SentencePieceTokenizer(Vocabulary);
        var text = new string('a', 200_000);
        Assert.Equal(200_000, tokenizer.Encode(text).Count);
    }

    private static int Id(string token) => Vocabulary.Tokens.ToList().IndexOf(token);

    private static void Refused(TokenizerVocabulary vocabulary)
    {
        var error = Assert.Throws<FileFormatException>(() => TokenizerFactory.Create(vocabulary));
        Assert.Equal("small.gguf", error.Subject);
    }

    private static List<T> Replace<T>(IReadOnlyList<T> list, int index, T value)
    {
        List<T> copy = [.. list];
        copy[index] = value;
        return copy;
    }
}
