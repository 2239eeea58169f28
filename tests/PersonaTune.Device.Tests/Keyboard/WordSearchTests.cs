using PersonaTune.Device.Keyboard;

namespace PersonaTune.Device.Tests.Keyboard;

/// <summary>The search on n-gram predictions, where every word's probability can be computed by brute force.</summary>
public sealed class WordSearchTests
{
    private static readonly string[] Messages =
    [
        "the cat sat on the mat", "the cat ran", "the car ran on the road", "The end", "a cab came", "can the cat come", "cats can", "don't go",
    ];

    private static readonly LetterTokenizer Tokenizer = new(" the", " ca", "at", " c", "The", "an", " can", "'t", " m", "ar");
    private static readonly WordVocabulary Vocabulary = new(Tokenizer);

    [Theory]
    [InlineData("the ")]
    [InlineData("the c")]
    [InlineData("the ca")]
    [InlineData("the cat ")]
    [InlineData("t")]
    [InlineData("")]
    [InlineData("d")]
    public void TheBestWordsAreFound(string text)
    {
        var found = Search(text, 3, maxExpansions: 100_000, caseFactor: 0);
        var expected = BruteForce(text).Take(3).ToList();
        Assert.Equal(expected.Select(word => word.Word), found.Select(word => word.Word));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(5)]
    [InlineData(30)]
    public void EveryWordBeginsWithWhatWasTyped(int maxExpansions)
    {
        foreach (var text in (string[])["the c", "a ca", "T", "TH", "don", "the cat s", "x", "caf\u00E9", "\u043F\u0440", "\uD83E"])
        {
            var prefix = text[WordCharacters.LastWordStart(text)..];
            foreach (var (word, probability) in Search(text, 5, maxExpansions, 0.3))
            {
                Assert.StartsWith(prefix, word, StringComparison.Ordinal);
                Assert.True(word.Length > prefix.Length);
                Assert.InRange(probability, 0, 1);
                Assert.DoesNotContain(' ', word);
            }
        }
    }

    [Fact]
    public void CaseIsIgnoredAtAPriceAndKeptAsTyped()
    {
        Assert.Contains("Cat", Search("the C", 5, 1000, 0.3).Select(word => word.Word));
        Assert.DoesNotContain("Cat", Search("the C", 5, 1000, 0).Select(word => word.Word));
        Assert.Contains("CAT", Search("the CA", 5, 1000, 0.3).Select(word => word.Word));
    }

    [Fact]
    public void FewerEvaluationsStillGiveWords()
    {
        var counting = new CountingPredictor();
        var words = new WordSearch(Vocabulary).Run(counting, TypedText.Parse("the ", Vocabulary), 3, 8, 0.3, null, CancellationToken.None);
        Assert.NotEmpty(words);
        Assert.True(counting.Calls <= 8, $"{counting.Calls} evaluations");
        counting.Calls = 0;
        new WordSearch(Vocabulary).Run(counting, TypedText.Parse("the ", Vocabulary), 3, 100, 0.3, () => true, CancellationToken.None);
        Assert.Equal(1, counting.Calls);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(12)]
    public void APieceOfAWordIsNeverSuggested(int maxExpansions)
    {
        // "gim" is a token, mostly goes on as "gimme", and would look like a word wherever the budget ends behind it.
        var tokenizer = new LetterTokenizer(" gim", "me");
        var vocabulary = new WordVocabulary(tokenizer);
        var model = new KneserNeyModel([.. Enumerable.Repeat(new ReadOnlyMemory<int>([0, .. tokenizer.Encode("omw gimme five"), 0]), 5)],
            tokenizer.VocabularySize, 0, 4);
        var predictor = new KneserNeyPredictor(model);
        foreach (var text in (string[])["omw ", "omw g", "omw gi"])
        {
            var typed = TypedText.Parse(text, vocabulary);
            predictor.Start([0, .. tokenizer.Encode(typed.Context)]);
            var words = new WordSearch(vocabulary).Run(predictor, typed, 1, maxExpansions, 0.3, null, CancellationToken.None);
            Assert.All(words, word => Assert.Equal("gimme", word.Word));
            if (maxExpansions >= 3) Assert.Single(words);
        }
    }

    [Fact]
    public void PathsAreEvaluatedInBatches()
    {
        var counting = new CountingPredictor();
        new WordSearch(Vocabulary).Run(counting, TypedText.Parse("the ", Vocabulary), 3, 30, 0.3, null, CancellationToken.None);
        Assert.All(counting.Prepared, paths => Assert.InRange(paths, 1, WordSearch.BatchSize));
        Assert.Equal(counting.Calls, 1 + counting.Prepared.Sum());
        Assert.Contains(counting.Prepared, paths => paths > 1);
    }

    [Fact]
    public void CancellationIsSeen()
    {
        using var source = new CancellationTokenSource();
        source.Cancel();
        Assert.Throws<OperationCanceledException>(() =>
            new WordSearch(Vocabulary).Run(new CountingPredictor(), TypedText.Parse("", Vocabulary), 3, 9, 0.3, null, source.Token));
    }

    [Fact]
    public void TypingCountsKeys()
    {
        // The only message that the n-grams know: every word but the first letter's choice is certain.
        var model = Train(["hello there friend"]);
        var options = new SuggestionOptions { Count = 1, MaxExpansions = 100 };

        TypingCounts Type(string text, int? target = null)
        {
            var simulator = new TypingSimulator(new KneserNeyPredictor(model), Vocabulary, before => [0, .. Tokenizer.Encode(before)], options);
            simulator.Begin();
            foreach (var word in WordCharacters.Words(text)) simulator.Visit(text, word, word.Start.Value == target, type: true, CancellationToken.None);
            simulator.End(text);
            return simulator.Counts;
        }

        // Three picks, each with its space.
        var counts = Type("hello there friend", 6);
        Assert.Equal((18L, 3L), (counts.Characters, counts.Keys));
        Assert.Equal((1, 1, 1), (counts.Targets, counts.Top1, counts.Top3));

        // One pick, then comma, space and the unknown word letter by letter.
        counts = Type("hello, zzz");
        Assert.Equal((10L, 1 + 2 + 3L), (counts.Characters, counts.Keys));
        Assert.Equal(0, counts.Targets);

        counts = Type("hello their", 6);
        Assert.Equal((1, 0, 0), (counts.Targets, counts.Top1, counts.Top3));
    }

    private static KneserNeyModel Train(IEnumerable<string> messages) =>
        new(messages.Select(text => new ReadOnlyMemory<int>([0, .. Tokenizer.Encode(text), 0])), Tokenizer.VocabularySize, 0, 4);

    private static List<WordSuggestion> Search(string text, int count, int maxExpansions, double caseFactor)
    {
        var typed = TypedText.Parse(text, Vocabulary);
        var predictor = new KneserNeyPredictor(Train(Messages));
        predictor.Start([0, .. Tokenizer.Encode(typed.Context)]);
        return new WordSearch(Vocabulary).Run(predictor, typed, count, maxExpansions, caseFactor, null, CancellationToken.None);
    }

    /// <summary>Probabilities of all words reachable within six tokens above a small threshold, by walking every path.</summary>
    private static IEnumerable<WordSuggestion> BruteForce(string text)
    {
        var typed = TypedText.Parse(text, Vocabulary);
        var model = Train(Messages);
        var required = (typed.LeadingSpace ? " " : "") + typed.Prefix;
        var best = new Dictionary<string, double>();
        var probabilities = new float[Tokenizer.VocabularySize];
        Walk([0, .. Tokenizer.Encode(typed.Context)], "", 1);
        return best.Select(word => new WordSuggestion(word.Key, word.Value)).OrderByDescending(word => word.Probability);

        void Walk(int[] ids, string spelled, double p)
        {
            var next = new float[Tokenizer.VocabularySize];
            model.Probabilities(ids, next);
            var continued = 0.0;
            for (var token = 1; token < next.Length; token++)
            {
                if (token is > 128 and <= 256)
                {
                    // Part of a character outside ASCII: it carries a word on, but no known word has one.
                    if (spelled.Length >= required.Length) continued += next[token];
                    continue;
                }
                var grown = spelled + Tokenizer.Decode([token]);
                var fits = grown.Length <= required.Length ? required.StartsWith(grown, StringComparison.Ordinal)
                    : grown.StartsWith(required, StringComparison.Ordinal) && IsWord(grown[(typed.LeadingSpace ? 1 : 0)..]);
                if (spelled.Length >= required.Length && fits) continued += next[token];
                if (fits && p * next[token] > 1e-4 && ids.Length < 40) Walk([.. ids, token], grown, p * next[token]);
            }
            var word = spelled.Length > required.Length || (spelled.Length > 0 && required.Length == 0) ? spelled[(typed.LeadingSpace ? 1 : 0)..] : "";
            if (word.Length > typed.Prefix.Length && p * (1 - continued) > best.GetValueOrDefault(word)) best[word] = p * (1 - continued);
        }
    }

    private static bool IsWord(string text) => WordCharacters.Words(text).ToList() is [var all] && all.Equals(0..text.Length);

    private sealed class CountingPredictor : ITokenPredictor
    {
        private readonly KneserNeyPredictor _inner = new(Train(Messages));

        public int Calls { get; set; }

        public List<int> Prepared { get; } = [];

        public int VocabularySize => _inner.VocabularySize;

        public CountingPredictor() => _inner.Start([0]);

        public void Start(ReadOnlySpan<int> context) => _inner.Start(context);

        public void Prepare(IReadOnlyList<int[]> paths) => Prepared.Add(paths.Count);

        public ReadOnlySpan<float> Predict(ReadOnlySpan<int> path)
        {
            Calls++;
            return _inner.Predict(path);
        }
    }
}
