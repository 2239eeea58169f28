using PersonaTune.Engine.Inference;
using PersonaTune.Engine.Models;

namespace PersonaTune.Engine.Tests.Inference;

public class KvCacheTests
{
    private static readonly DecoderConfig Config = new()
    {
        Architecture = "llama",
        EmbeddingLength = 8,
        BlockCount = 2,
        HeadCount = 2,
        KeyValueHeadCount = 2,
        HeadLength = 4,
        FeedForwardLength = 8,
        VocabularySize = 10,
        ContextLength = 100,
    };

    [Fact]
    public void GrowsByPagesAndKeepsThemWhenTruncated()
    {
        var cache = new KvCache(Config, KvPrecision.F32, 4);
        Assert.Equal((0, 0, 0L), (cache.Length, cache.Capacity, cache.MemoryBytes));
        cache.Reserve(5);
        Assert.Equal((0, 8), (cache.Length, cache.Capacity));
        Assert.Equal(2L * (2 * 2 * 2 * 4 * 4 * 4), cache.MemoryBytes);
        cache.Prepare(6);
        cache.Advance(6);
        cache.Truncate(1);
        Assert.Equal((1, 8), (cache.Length, cache.Capacity));
        Assert.Throws<ArgumentOutOfRangeException>(() => cache.Truncate(2));
        Assert.Throws<ArgumentOutOfRangeException>(() => cache.Truncate(-1));
    }

    [Fact]
    public void SharedPagesAreCopiedWhenWritten()
    {
        var origin = new KvCache(Config, KvPrecision.F32, 4);
        Fill(origin, 6, 1);
        var fork = origin.Fork();
        Fill(fork, 1, 2);
        Fill(origin, 1, 3);
        Assert.Equal([1, 1, 1, 1, 1, 1, 3], Keys(origin));
        Assert.Equal([1, 1, 1, 1, 1, 1, 2], Keys(fork));
        Assert.Equal(origin.MemoryBytes, fork.MemoryBytes);

        // The copied page goes back to the fork's own spares and is used again: no page more than before.
        fork.CopyFrom(origin, 5);
        Fill(fork, 2, 4);
        Assert.Equal([1, 1, 1, 1, 1, 4, 4], Keys(fork));
        Assert.Equal([1, 1, 1, 1, 1, 1, 3], Keys(origin));
        Assert.Equal(origin.MemoryBytes, fork.MemoryBytes);

        // Cutting back into a shared page must not let the other side see what is written there.
        fork.CopyFrom(origin, 7);
        origin.Truncate(2);
        Fill(origin, 1, 5);
        Assert.Equal([1, 1, 5], Keys(origin));
        Assert.Equal([1, 1, 1, 1, 1, 1, 3], Keys(fork));
    }

    [Fact]
    public void APageThatIsNotFullIsCopiedAtOnce()
    {
        var origin = new KvCache(Config, KvPrecision.F32, 4);
        Fill(origin, 6, 1);
        var memory = origin.MemoryBytes;
        for (var branch = 0; branch < 3; branch++)
        {
            var fork = origin.Fork();
            Fill(fork, 1, 2);
            Fill(origin, 1, 3);
            Assert.Equal([1, 1, 1, 1, 1, 1, 2], Keys(fork));
            origin.Truncate(6);
        }

        // The origin wrote to its own page each time and needed no other one.
        Assert.Equal(memory, origin.MemoryBytes);
    }

    [Fact]
    public void CachesOfOtherShapesAreRefused()
    {
        var cache = new KvCache(Config, KvPrecision.F32, 4);
        Assert.Throws<ArgumentException>(() => cache.CopyFrom(new KvCache(Config, KvPrecision.F16, 4), 0));
        Assert.Throws<ArgumentException>(() => cache.CopyFrom(new KvCache(Config, KvPrecision.F32, 8), 0));
        Assert.Throws<ArgumentException>(() => cache.CopyFrom(new KvCache(Config with { HeadLength = 8 }, KvPrecision.F32, 4), 0));
        Assert.Throws<ArgumentOutOfRangeException>(() => cache.CopyFrom(new KvCache(Config, KvPrecision.F32, 4), 1));
    }

    private static void Fill(KvCache cache, int tokens, float value)
    {
        cache.Prepare(tokens);
        var rows = new float[tokens * 8];
        Array.Fill(rows, value);
        for (var block = 0; block < 2; block++) cache.Store(block, cache.Length, rows, rows, tokens);
        cache.Advance(tokens);
    }

    private static unsafe float[] Keys(KvCache cache)
    {
        var values = new float[cache.Length];
        for (var p = 0; p < values.Length; p++)
        {
            values[p] = *(float*)cache.View(1).Key(1, p);
            Assert.Equal(values[p], *(float*)cache.View(0).Value(0, p));
        }

        return values;
    }
}
