using PersonaTune.Engine.Inference;
using PersonaTune.Engine.Kernels;
using PersonaTune.Engine.Models;

namespace PersonaTune.Engine.Tests.Kernels;

public sealed class CachedAttentionTests : IDisposable
{
    private readonly WorkerPool _pool = new(2);

    [Theory]
    [InlineData(1, 1, 1, 3)]
    [InlineData(4, 2, 8, 4)]
    [InlineData(6, 2, 20, 7)]
    [InlineData(12, 12, 64, 32)]
    [InlineData(40, 2, 33, 48)]
    [InlineData(8, 1, 80, 5)]
    public void EqualsThePlainForm(int heads, int keyValueHeads, int headLength, int page)
    {
        foreach (var (position, tokens) in new[] { (0, 1), (0, 5), (0, 70), (1, 1), (31, 1), (64, 1), (77, 3), (100, 40) })
        {
            var (cache, keys, values) = Cache(keyValueHeads, headLength, page, position + tokens, KvPrecision.F32);
            var q = Numbers.Normal(5, tokens * heads * headLength);
            float[] expected = new float[q.Length], actual = new float[q.Length];
            CachedAttention.Reference(q, keys, values, expected, tokens, heads, keyValueHeads, headLength, position);
            CachedAttention.Forward(_pool, q, actual, tokens, heads, cache.View(0), position);
            Assert.InRange(Numbers.RelativeError(actual, expected), 0, 2e-6);

            // Any split into calls gives the same bits.
            var single = new float[q.Length];
            var row = heads * headLength;
            for (var t = 0; t < tokens; t++)
                CachedAttention.Forward(_pool, q.AsSpan(t * row, row), single.AsSpan(t * row, row), 1, heads, cache.View(0), position + t);
            Assert.Equal(actual, single);
        }
    }

    [Fact]
    public void LargeScoresDoNotOverflow()
    {
        var (cache, keys, values) = Cache(1, 16, 8, 50, KvPrecision.F32);
        var q = Numbers.Normal(5, 50 * 16, 1000f);
        float[] expected = new float[q.Length], actual = new float[q.Length];
        CachedAttention.Reference(q, keys, values, expected, 50, 1, 1, 16, 0);
        CachedAttention.Forward(_pool, q, actual, 50, 1, cache.View(0), 0);
        Assert.InRange(Numbers.RelativeError(actual, expected), 0, 1e-3);
    }

    [Fact]
    public void HalfPrecisionReadsEveryValueExactly()
    {
        // One position with weight 1: the output is the stored value itself, for every finite half.
        foreach (var first in Enumerable.Range(0, 65536 / 24).Select(i => i * 24))
        {
            var values = Enumerable.Range(first, 24).Select(bits => (float)BitConverter.UInt16BitsToHalf((ushort)bits)).ToArray();
            for (var i = 0; i < values.Length; i++) if (!float.IsFinite(values[i])) values[i] = 0;
            var cache = new KvCache(Config(1, 24), KvPrecision.F16, 4);
            cache.Prepare(1);
            cache.Store(0, 0, new float[24], values, 1);
            var y = new float[24];
            CachedAttention.Forward(_pool, new float[24], y, 1, 1, cache.View(0), 0);
            Assert.Equal(values, y);
        }
    }

    [Fact]
    public void ShortSpansAreRefused()
    {
        var (cache, _, _) = Cache(1, 4, 4, 4, KvPrecision.F32);
        Assert.Throws<ArgumentException>(() => CachedAttention.Forward(_pool, new float[7], new float[8], 2, 1, cache.View(0), 0));
        Assert.Throws<ArgumentException>(() => CachedAttention.Forward(_pool, new float[8], new float[7], 2, 1, cache.View(0), 0));
    }

    public void Dispose() => _pool.Dispose();

    private static (KvCache Cache, float[] Keys, float[] Values) Cache(int heads, int headLength, int page, int positions, KvPrecision precision)
    {
        var cache = new KvCache(Config(heads, headLength), precision, page);
        var (keys, values) = (Numbers.Normal(1, positions * heads * headLength), Numbers.Normal(2, positions * heads * headLength));
        cache.Prepare(positions);
        cache.Store(0, 0, keys, values, positions);
        return (cache, keys, values);
    }

    private static DecoderConfig Config(int heads, int headLength) => new()
    {
        Architecture = "llama",
        EmbeddingLength = heads * headLength,
        BlockCount = 1,
        HeadCount = heads,
        KeyValueHeadCount = heads,
        HeadLength = headLength,
        FeedForwardLength = 8,
        VocabularySize = 10,
        ContextLength = 100,
    };
}
