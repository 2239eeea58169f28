using System.Text;
using PersonaTune.Engine.Inference;

namespace PersonaTune.Engine.Tests.Inference;

public class IncrementalDetokenizerTests
{
    [Fact]
    public void NeverEmitsPartOfACharacter()
    {
        const string text = "a\u00e9\u20ac\U0001f600 z"; // 1, 2, 3, 4 bytes
        var bytes = Encoding.UTF8.GetBytes(text);
        for (var size = 1; size <= bytes.Length; size++)
        {
            var tokenizer = new ByteTokenizer([.. bytes.Chunk(size)]);
            var detokenizer = new IncrementalDetokenizer(tokenizer, startOfText: false);
            var result = "";
            for (var id = 2; id < tokenizer.VocabularySize; id++)
            {
                var piece = detokenizer.Append(id);
                Assert.False(piece.Length > 0 && (char.IsLowSurrogate(piece[0]) || char.IsHighSurrogate(piece[^1])));
                result += piece;
                Assert.StartsWith(result, text, StringComparison.Ordinal);
            }

            Assert.Equal(text, result + detokenizer.Flush());
        }
    }

    [Fact]
    public void DamagedBytesBecomeReplacementCharacters()
    {
        var tokenizer = new ByteTokenizer([0xe2, 0x82], [0x41], [0xff], [0xf0, 0x9f]);
        var detokenizer = new IncrementalDetokenizer(tokenizer, startOfText: false);
        Assert.Equal(["", "\ufffdA", "\ufffd", "", "\ufffd"], [detokenizer.Append(2), detokenizer.Append(3), detokenizer.Append(4), detokenizer.Append(5), detokenizer.Flush()]);
    }

    [Fact]
    public void UndoesTheLeadingSpaceAtTheStartOnly()
    {
        var tokenizer = new ByteTokenizer([(byte)' ', (byte)'a']);
        var start = new IncrementalDetokenizer(tokenizer, startOfText: true);
        Assert.Equal(["", "a", " a"], [start.Append(0), start.Append(2), start.Append(2)]);
        Assert.Equal(" a", new IncrementalDetokenizer(tokenizer, startOfText: false).Append(2));
    }

    [Fact]
    public void LongTokensComeWhole()
    {
        var text = string.Concat(Enumerable.Repeat("\u20acx", 500));
        var tokenizer = new ByteTokenizer(Encoding.UTF8.GetBytes(text));
        Assert.Equal(text, new IncrementalDetokenizer(tokenizer, startOfText: false).Append(2));
    }
}
