using PersonaTune.Device.Keyboard;
using PersonaTune.Engine.Inference;
using PersonaTune.Engine.Kernels;

namespace PersonaTune.Device.Tests.Keyboard;

public sealed class WordSuggesterTests(KeyboardBase keyboard) : IClassFixture<KeyboardBase>, IDisposable
{
    private readonly WorkerPool _pool = new(1);

    public void Dispose() => _pool.Dispose();

    [Fact]
    public void CommonWordsAreSuggested()
    {
        using var suggester = Create();
        Assert.Contains("the", Words(suggester.Suggest("I will go to th")));
        Assert.Contains("you", Words(suggester.Suggest("thank ")));
        Assert.Equal(3, suggester.Suggest("").Count);
    }

    [Fact]
    public void AcceptedTextIsSuggestedAtOnceAndForgottenAtOnce()
    {
        using var suggester = Create();
        const string message = "see you at the kopitiam later";
        Assert.DoesNotContain("kopitiam", Words(suggester.Suggest("see you at the ")));
        var before = suggester.Suggest("see you at the ");
        for (var i = 0; i < 3; i++) suggester.Learn(message);
        suggester.Mixture = CacheMixture.Constant(0.9);
        Assert.Equal("kopitiam", suggester.Suggest("see you at the ")[0].Word);
        Assert.Equal("kopitiam", suggester.Suggest("see you at the kop")[0].Word);
        Assert.Equal(" kopitiam later", suggester.Complete("see you at the"));
        Assert.Equal("kopitiam later", suggester.Complete("see you at the "));
        Assert.Equal("iam later", suggester.Complete("see you at the kopit"));
        for (var i = 0; i < 3; i++) Assert.True(suggester.Forget(message));
        Assert.False(suggester.Forget(message));
        Assert.Equal(before, suggester.Suggest("see you at the "));
    }

    [Fact]
    public void TypingLetterByLetterEqualsAFreshStart()
    {
        using var typing = Create();
        const string text = "are you coming to the meeting tomorrow morning";
        for (var length = 0; length <= text.Length; length += 3)
        {
            using var fresh = Create();
            var expected = fresh.Suggest(text[..length]);
            var actual = typing.Suggest(text[..length]);
            Assert.Equal(Words(expected), Words(actual));
            for (var i = 0; i < expected.Count; i++) Assert.Equal(expected[i].Probability, actual[i].Probability, 1e-4);
        }
    }

    [Theory]
    [InlineData("\u043F\u0440\u0438\u0432\u0435\u0442 \u043A\u0430\u043A")]
    [InlineData("\u4F60\u597D")]
    [InlineData("caf\u00E9 cr\u00E8")]
    [InlineData("\U0001F600\U0001F600 ok")]
    [InlineData("a\uD83E")]
    [InlineData("(hel")]
    [InlineData("line one\nline tw")]
    [InlineData("   ")]
    public void AnyTextIsTakenAsItIs(string text)
    {
        using var suggester = Create();
        var prefix = text[WordCharacters.LastWordStart(text)..];
        foreach (var suggestion in suggester.Suggest(text))
        {
            Assert.StartsWith(prefix, suggestion.Word, StringComparison.Ordinal);
            Assert.DoesNotContain('\uFFFD', suggestion.Word);
        }
    }

    [Fact]
    public void TextBeyondTheContextIsCutInFront()
    {
        using var suggester = Create();
        var text = string.Concat(Enumerable.Repeat("one two three ", 400));
        Assert.NotEmpty(suggester.Suggest(text));
        Assert.NotNull(suggester.Complete(text));
    }

    [Fact]
    public void ASwapIsSeenByTheNextCall()
    {
        var slot = new AdapterSlot(keyboard.Model);
        using var suggester = new WordSuggester(slot, _pool);
        var before = suggester.Suggest("I am going ");
        slot.Swap(AdapterStack.Of(Adapters.Random(keyboard.Model, seed: 1)));
        var during = suggester.Suggest("I am going ");
        Assert.NotEqual(before, during);
        slot.Swap(AdapterStack.Empty);
        Assert.Equal(before, suggester.Suggest("I am going "));
    }

    [Fact]
    public void TheCacheSurvivesStorage()
    {
        using var first = Create();
        first.Learn("dinner at zouk tonight");
        first.Learn("meet at zouk");
        var cache = NGramCache.FromBytes(first.SaveCache());
        using var second = new WordSuggester(new AdapterSlot(keyboard.Model), _pool, cache, CacheMixture.Constant(0.9));
        Assert.Equal("zouk", second.Suggest("dinner at ")[0].Word);
    }

    [Fact]
    public void WrongSettingsAreRefused()
    {
        var slot = new AdapterSlot(keyboard.Model);
        Assert.Throws<ArgumentOutOfRangeException>(() => new WordSuggester(slot, _pool, options: new SuggestionOptions { Count = 0 }));
        Assert.Throws<ArgumentOutOfRangeException>(() => new WordSuggester(slot, _pool, options: new SuggestionOptions { CaseFactor = double.NaN }));
        Assert.Throws<ArgumentException>(() => new WordSuggester(slot, _pool, new NGramCache(5)));
        using var source = new CancellationTokenSource();
        source.Cancel();
        using var suggester = Create();
        Assert.Throws<OperationCanceledException>(() => suggester.Suggest("a", source.Token));
    }

    private WordSuggester Create() => new(new AdapterSlot(keyboard.Model), _pool);

    private static IEnumerable<string> Words(IEnumerable<WordSuggestion> suggestions) => suggestions.Select(suggestion => suggestion.Word);
}
