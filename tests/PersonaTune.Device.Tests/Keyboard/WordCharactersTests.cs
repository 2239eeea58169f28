using PersonaTune.Device.Keyboard;

namespace PersonaTune.Device.Tests.Keyboard;

public sealed class WordCharactersTests
{
    [Theory]
    [InlineData("don't go, ok?", "don't|go|ok")]
    [InlineData("the dogs' 2nd ball", "the|dogs|2nd|ball")]
    [InlineData("'hi' :-) <#>", "hi")]
    [InlineData("caf\u00E9 \u043F\u0440\u0438\u0432\u0435\u0442 \U0001F600ok", "caf\u00E9|\u043F\u0440\u0438\u0432\u0435\u0442|ok")]
    [InlineData("e\u0301t\u00E9", "e\u0301t\u00E9")]
    [InlineData("  \n!? ", "")]
    [InlineData("", "")]
    [InlineData("a\uD83Eb", "a|b")]
    public void WordsOfATextAreFound(string text, string expected) =>
        Assert.Equal(expected, string.Join('|', WordCharacters.Words(text).Select(range => text[range])));

    [Theory]
    [InlineData("see you la", 8)]
    [InlineData("see you ", 8)]
    [InlineData("don'", 0)]
    [InlineData("don't", 0)]
    [InlineData("say 'hel", 5)]
    [InlineData("ok!", 3)]
    [InlineData("", 0)]
    public void TheWordBeingTypedIsFound(string text, int start) => Assert.Equal(start, WordCharacters.LastWordStart(text));
}
