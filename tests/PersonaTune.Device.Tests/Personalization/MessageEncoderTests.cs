using PersonaTune.Device.Personalization;
using PersonaTune.Engine.Tokenization;

namespace PersonaTune.Device.Tests.Personalization;

public sealed class MessageEncoderTests
{
    private static readonly ITokenizer Tokenizer = TestModel.Keyboard.Tokenizer!;

    [Theory]
    [InlineData("see you at the station tomorrow morning then")]
    [InlineData("одно сообщение на другом алфавите")]
    [InlineData("三人行，必有我师焉")]
    [InlineData("🙂🙂 \u0301 \uD800 odd")]
    [InlineData("x")]
    public void Pieces_predict_every_token_once_and_repeat_only_context(string text)
    {
        int[] whole = [(Tokenizer.BosId ?? Tokenizer.EosId)!.Value, .. Tokenizer.Encode(text), Tokenizer.EosId!.Value];
        foreach (var limit in new[] { 4, 5, 8, 13, 64 })
        {
            var encoded = new MessageEncoder(Tokenizer, limit).Encode(text);
            var predicted = encoded.Pieces.SelectMany(piece => piece.Ids.Skip(piece.FirstTarget)).ToArray();
            Assert.Equal(whole[1..], predicted);
            Assert.All(encoded.Pieces, piece => Assert.InRange(piece.Ids.Length, 2, limit));
            Assert.All(encoded.Pieces, piece => Assert.InRange(piece.FirstTarget, 1, piece.Ids.Length - 1));
            var end = 0;
            foreach (var piece in encoded.Pieces)
            {
                var start = end == 0 ? 0 : end - piece.FirstTarget;
                Assert.Equal(whole[start..(start + piece.Ids.Length)], piece.Ids);
                end = start + piece.Ids.Length;
                Assert.Equal(piece.Ids.Length - piece.FirstTarget, piece.ToSequence().TargetCount);
            }
        }
    }

    [Theory]
    [InlineData("")]
    [InlineData(" \t\n")]
    public void A_text_without_words_teaches_nothing(string text) => Assert.Empty(new MessageEncoder(Tokenizer, 16).Encode(text).Pieces);

    [Theory]
    [InlineData("", 0)]
    [InlineData("  one   two\nthree ", 3)]
    [InlineData("one", 1)]
    [InlineData("\u00A0a\u2003b", 2)]
    public void Words_are_runs_of_other_characters_than_space(string text, int words) => Assert.Equal(words, MessageEncoder.CountWords(text));
}
