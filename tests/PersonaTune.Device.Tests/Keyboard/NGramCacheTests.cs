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

    [Theory]
    [InlineData(2, 1)]
    [InlineData(3, 0.6)]
    [InlineData(5, 0.3)]
    [InlineData(4, 0)]
    public void MixedIntoAModelItStaysADistribution(int order, double weight)
    {
        var random = new Random(order);
        var cache = new NGramCache(Vocabulary, 0, new NGramCacheOptions { Order = order });
        var mixture = CacheMixture.Constant(weight);
        for (var message = 0; message < 30; message++)
        {
            var context = Message(random)[..^1];
            var model = Enumerable.Range(0, Vocabulary).Select(_ => random.NextSingle()).ToArray();
            var sum = model.Sum();
            for (var token = 0; token < Vocabulary; token++) model[token] /= sum;
            float[] mixed = [.. model];
            cache.Mix(context, mixture, mixed);
            Assert.Equal(1, mixed.Sum(p => (double)p), 1e-5);
            for (var token = 0; token < Vocabulary; token++)
                Assert.Equal(mixture.Probability(new MixturePoint(model[token], cache.Levels(context, token))), mixed[token], 1e-6);
            cache.Learn(Message(random));
        }
        Assert.Throws<ArgumentException>(() => cache.Mix([0], mixture, new float[Vocabulary - 1]));
    }

    [Fact]
    public void OverTheUniformDistributionAFullyTrustedCacheIsKneserNey()
    {
        var random = new Random(5);
        var cache = new NGramCache(Vocabulary, 0);
        for (var i = 0; i < 20; i++) cache.Learn(Message(random));
        var (alone, mixed) = (new float[Vocabulary], new float[Vocabulary]);
        Array.Fill(mixed, 1f / Vocabulary);
        cache.Probabilities([0, 1, 2], alone);
        cache.Mix([0, 1, 2], CacheMixture.Constant(1), mixed);
        Assert.Equal(alone, mixed);
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
                Assert.Equal(kept.Levels(message.AsSpan(0, i), message[i]), full.Levels(message.AsSpan(0, i), message[i]));
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
        Assert.Equal([(0, 5)], cache.Levels([1], 2).Select(level => (level.Length, level.Count)));
        Assert.Equal([(0, 5), (1, 1)], cache.Levels([9, 4], 2).Select(level => (level.Length, level.Count)));
    }

    [Fact]
    public void AnEmptyCacheIsUniform()
    {
        var cache = new NGramCache(Vocabulary, 0);
        Assert.Empty(cache.Levels([0, 1], 2));
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
