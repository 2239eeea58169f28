using PersonaTune.Device.Keyboard;
using PersonaTune.Engine.Formats;

namespace PersonaTune.Device.Tests.Keyboard;

public sealed class NGramCacheTests
{
    private const int Vocabulary = 12;

    [Fact]
    public void ProbabilitiesFollowKneserNeyByHand()
    {
        // Start 0; messages "1 2 9" and "3 2 9", order 2, every count discounted by 1/2, vocabulary 10.
        var cache = new NGramCache(10, 0, new NGramCacheOptions { Order = 2, Discount = 0.5 });
        cache.Learn([0, 1, 2, 9]);
        cache.Learn([0, 3, 2, 9]);
        // Continuations: 1 after {0}, 3 after {0}, 2 after {1, 3}, 9 after {2}: 5 in all, 4 types.
        const double unseen = 0.5 * 4 / 5 / 10;
        const double unigram2 = (2 - 0.5) / 5 + unseen;
        const double unigram9 = (1 - 0.5) / 5 + unseen;
        Assert.Equal(unigram2, cache.Probability([7], 2), 12);
        // After 1 only 2 was seen, once: (1 - 1/2) / 1 + 1/2 of the unigram.
        Assert.Equal(0.5 + 0.5 * unigram2, cache.Probability([0, 1], 2), 12);
        // After 2 only 9, twice: (2 - 1/2) / 2 + (1/2) / 2 of the unigram.
        Assert.Equal(0.75 + 0.25 * unigram9, cache.Probability([0, 1, 2], 9), 12);
        Assert.Equal(0.25 * unseen, cache.Probability([0, 1, 2], 5), 12);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(4)]
    [InlineData(5)]
    public void EveryContextGivesADistribution(int order)
    {
        var random = new Random(order);
        foreach (var discount in (double?[])[null, 0.4])
        {
            var cache = new NGramCache(Vocabulary, 0, new NGramCacheOptions { Order = order, Discount = discount });
            var probabilities = new float[Vocabulary];
            for (var message = 0; message < 30; message++)
            {
                for (var trial = 0; trial < 10; trial++)
                {
                    var context = Message(random)[..^1];
                    cache.Probabilities(context, probabilities);
                    Assert.Equal(1, probabilities.Sum(p => (double)p), 1e-5);
                    for (var token = 0; token < Vocabulary; token++)
                    {
                        Assert.True(probabilities[token] > 0);
                        Assert.Equal(cache.Probability(context, token), probabilities[token], 1e-6);
                    }
                }
                cache.Learn(Message(random));
            }
        }
    }

    [Fact]
    public void ForgettingLeavesNoTrace()
    {
        var random = new Random(3);
        var messages = Enumerable.Range(0, 40).Select(_ => Message(random)).ToList();
        var kept = new NGramCache(Vocabulary, 0);
        var full = new NGramCache(Vocabulary, 0);
        for (var i = 0; i < messages.Count; i++)
        {
            full.Learn(messages[i]);
            if (i % 3 == 0) kept.Learn(messages[i]);
        }
        for (var i = messages.Count - 1; i >= 0; i--)
            if (i % 3 != 0) Assert.True(full.Forget(messages[i]));
        Assert.Equal(kept.TokenCount, full.TokenCount);
        Assert.Equal(kept.MessageCount, full.MessageCount);
        foreach (var message in messages)
            for (var i = 0; i < message.Length; i++)
            {
                Assert.Equal(kept.Match(message.AsSpan(0, i)), full.Match(message.AsSpan(0, i)));
                Assert.Equal(kept.Probability(message.AsSpan(0, i), message[i]), full.Probability(message.AsSpan(0, i), message[i]), 12);
            }
        Assert.False(full.Forget([0, 1, 1, 1, 1, 1, 1, 1]));
    }

    [Fact]
    public void TheOldestMessagesMakeRoom()
    {
        var cache = new NGramCache(Vocabulary, 0, new NGramCacheOptions { MaxTokens = 6 });
        cache.Learn([0, 1, 2, 3]);
        cache.Learn([0, 4, 5, 6]);
        cache.Learn([0, 7, 8]);
        Assert.Equal((2, 5L), (cache.MessageCount, cache.TokenCount));
        Assert.False(cache.Forget([0, 1, 2, 3]));
        Assert.Equal(new CacheMatch(0, 5), cache.Match([1]));
        Assert.Equal(new CacheMatch(1, 1), cache.Match([9, 4]));
    }

    [Fact]
    public void AnEmptyCacheIsUniform()
    {
        var cache = new NGramCache(Vocabulary, 0);
        Assert.Equal(new CacheMatch(-1, 0), cache.Match([0, 1]));
        Assert.Equal(1.0 / Vocabulary, cache.Probability([0, 1], 3), 12);
        cache.Learn([0]);
        cache.Learn([]);
        Assert.Equal(0, cache.MessageCount);
    }

    [Fact]
    public void BytesGiveTheCacheBack()
    {
        var random = new Random(9);
        var cache = new NGramCache(Vocabulary, 0, new NGramCacheOptions { Order = 4, Discount = 0.7, MaxTokens = 1000 });
        for (var i = 0; i < 20; i++) cache.Learn(Message(random));
        var bytes = cache.ToBytes();
        var copy = NGramCache.FromBytes(bytes);
        Assert.Equal(bytes, copy.ToBytes());
        Assert.Equal(cache.Options, copy.Options);
        for (var token = 0; token < Vocabulary; token++) Assert.Equal(cache.Probability([0, 3, 4], token), copy.Probability([0, 3, 4], token));
        for (var length = 0; length < bytes.Length; length++)
            Assert.Throws<FileFormatException>(() => NGramCache.FromBytes(bytes.AsSpan(0, length)));
        Assert.Throws<FileFormatException>(() => NGramCache.FromBytes([.. bytes, 0]));
    }

    [Fact]
    public void AlteredBytesNeverCrash()
    {
        var random = new Random(17);
        var cache = new NGramCache(Vocabulary, 0);
        for (var i = 0; i < 5; i++) cache.Learn(Message(random));
        var bytes = cache.ToBytes();
        for (var at = 0; at < bytes.Length; at++)
            foreach (var value in (byte[])[0, 1, 0x7F, 0x80, 0xFF])
            {
                var altered = (byte[])bytes.Clone();
                altered[at] = value;
                try
                {
                    NGramCache.FromBytes(altered);
                }
                catch (FileFormatException e)
                {
                    Assert.NotEmpty(e.Message);
                }
            }
    }

    [Fact]
    public void ImpossibleSettingsAreRefused()
    {
        Assert.Throws<ArgumentOutOfRangeException>(() => new NGramCache(0));
        Assert.Throws<ArgumentOutOfRangeException>(() => new NGramCache(8, 0, new NGramCacheOptions { Order = 6 }));
        Assert.Throws<ArgumentOutOfRangeException>(() => new NGramCache(8, 0, new NGramCacheOptions { Discount = 1 }));
        Assert.Throws<ArgumentOutOfRangeException>(() => new NGramCache(8, 0, new NGramCacheOptions { MaxTokens = 0 }));
        Assert.Throws<ArgumentOutOfRangeException>(() => new NGramCache(8, 0).Learn([0, 8]));
        Assert.Throws<ArgumentException>(() => new NGramCache(8, 0).Probabilities([0], new float[7]));
    }

    /// <summary>Start 0, tokens that like to repeat, end 11.</summary>
    private static int[] Message(Random random) =>
        [0, .. Enumerable.Range(0, random.Next(1, 9)).Select(_ => 1 + random.Next(1 + random.Next(10))), 11];
}
