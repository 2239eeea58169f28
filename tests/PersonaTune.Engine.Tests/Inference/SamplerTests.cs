using PersonaTune.Engine.Inference;

namespace PersonaTune.Engine.Tests.Inference;

public class SamplerTests
{
    private static readonly SamplingOptions Plain = new() { Temperature = 1, TopK = 0, TopP = 1, MinP = 0 };

    [Fact]
    public void GreedyTakesTheLowestIdOnTies()
    {
        var sampler = new Sampler(SamplingOptions.Greedy, 5);
        Assert.Equal(1, sampler.Sample([0, 3, 3, 1, 3]));
        Assert.Equal(0, sampler.Sample([-1, -1, -1, -1, -1]));
        Assert.Equal(4, sampler.Sample([float.NegativeInfinity, -9, -9, -9, -8.5f]));
    }

    [Theory]
    [InlineData(1f)]
    [InlineData(0.5f)]
    [InlineData(3f)]
    public void FrequenciesAreTheSoftmax(float temperature)
    {
        float[] logits = [1, -0.5f, 2, 0, float.NegativeInfinity];
        var weights = logits.Select(l => Math.Exp(l / temperature)).ToArray();
        // Chi-square with 3 degrees of freedom: above 21.1 with probability 1e-4 for a correct sampler; the seed is fixed.
        var counts = Count(Plain with { Temperature = temperature }, logits, 20_000);
        Assert.Equal(0, counts[4]);
        Assert.True(ChiSquare(counts, weights) < 21.1);
    }

    [Fact]
    public void FiltersKeepExactlyTheirTokens()
    {
        // Probabilities 0.4, 0.3, 0.15, 0.1, 0.05 at ids 3, 0, 4, 1, 2.
        float[] logits = [MathF.Log(0.3f), MathF.Log(0.1f), MathF.Log(0.05f), MathF.Log(0.4f), MathF.Log(0.15f)];
        Assert.Equal([0, 1, 2, 3, 4], Kept(Plain));
        Assert.Equal([3], Kept(Plain with { TopK = 1 }));
        Assert.Equal([0, 3, 4], Kept(Plain with { TopK = 3 }));
        Assert.Equal([0, 1, 2, 3, 4], Kept(Plain with { TopK = 50 }));
        Assert.Equal([3], Kept(Plain with { TopP = 0.39f }));
        Assert.Equal([0, 3], Kept(Plain with { TopP = 0.69f }));
        Assert.Equal([0, 3, 4], Kept(Plain with { TopP = 0.71f }));
        Assert.Equal([0, 1, 3, 4], Kept(Plain with { TopP = 0.94f }));
        Assert.Equal([0, 1, 2, 3, 4], Kept(Plain with { TopP = 0.96f }));
        Assert.Equal([0, 3], Kept(Plain with { TopP = 0.96f, MinP = 0.5f }));
        Assert.Equal([0, 3, 4], Kept(Plain with { MinP = 0.3f }));
        Assert.Equal([0, 3], Kept(Plain with { TopK = 3, TopP = 0.8f })); // 0.7 / 0.85 > 0.8
        Assert.Equal([3], Kept(Plain with { TopK = 3, TopP = 0.8f, MinP = 0.8f }));
        Assert.Equal([3], Kept(Plain with { TopK = 5, TopP = 0.001f }));

        int[] Kept(SamplingOptions options) => [.. Count(options, logits, 4000).Select((n, id) => (n, id)).Where(x => x.n > 0).Select(x => x.id)];
    }

    [Fact]
    public void TopKOfManyEqualsSorting()
    {
        var random = new Random(5);
        var logits = Enumerable.Range(0, 3000).Select(_ => (float)random.NextDouble() * 8).ToArray();
        var best = logits.Select((l, id) => (l, id)).OrderByDescending(x => x.l).Take(25).Select(x => x.id).Order().ToArray();
        var counts = Count(Plain with { TopK = 25, Temperature = 5 }, logits, 5000);
        Assert.Equal(best, counts.Select((n, id) => (n, id)).Where(x => x.n > 0).Select(x => x.id));
    }

    [Fact]
    public void RepetitionPenaltyLowersRecentTokensOnce()
    {
        var sampler = new Sampler(new SamplingOptions { Temperature = 0, RepetitionPenalty = 2, RepetitionWindow = 2 }, 3);
        float[] logits = [4, 3, -1];
        Assert.Equal(0, sampler.Sample(logits));
        sampler.Accept(0);
        sampler.Accept(0);
        Assert.Equal(1, sampler.Sample(logits)); // 4 / 2 < 3, and 4 / 2 > 4 / 4 shows below that it counts once
        Assert.Equal(0, sampler.Sample([4, 1.5f, -1]));
        sampler.Accept(1);
        sampler.Accept(1);
        Assert.Equal(0, sampler.Sample(logits)); // 0 has left the window
        sampler.Accept(2);
        Assert.Equal(0, sampler.Sample([-1.9f, -1, -1])); // negative logits grow
    }

    [Fact]
    public void SeedsRepeat()
    {
        float[] logits = [1, 1, 1, 1, 1, 1, 1, 1];
        Assert.Equal(Draws(1), Draws(1));
        Assert.NotEqual(Draws(1), Draws(2));

        int[] Draws(ulong seed)
        {
            var sampler = new Sampler(Plain with { Seed = seed }, logits.Length);
            return [.. Enumerable.Range(0, 40).Select(_ => sampler.Sample(logits))];
        }
    }

    [Fact]
    public void DamagedLogitsAreRefused()
    {
        var sampler = new Sampler(new SamplingOptions(), 3);
        Assert.Contains("token 1", Assert.Throws<EngineException>(() => sampler.Sample([0, float.NaN, 0])).Message, StringComparison.Ordinal);
        Assert.Throws<EngineException>(() => sampler.Sample([0, float.PositiveInfinity, 0]));
        Assert.Throws<EngineException>(() => sampler.Sample([float.NegativeInfinity, float.NegativeInfinity, float.NegativeInfinity]));
        Assert.Throws<ArgumentException>(() => sampler.Sample([0, 1]));
    }

    [Fact]
    public void OptionsOutOfRangeAreRefused()
    {
        foreach (var options in new SamplingOptions[]
        {
            new() { Temperature = -1 }, new() { Temperature = float.NaN }, new() { TopK = -1 }, new() { TopP = 0 }, new() { TopP = 1.1f }, new() { TopP = float.NaN },
            new() { MinP = -0.1f }, new() { MinP = 2 }, new() { RepetitionPenalty = 0 }, new() { RepetitionPenalty = float.NaN }, new() { RepetitionWindow = 0 },
        })
        {
            Assert.Throws<EngineException>(() => new Sampler(options, 3));
        }
    }

    private static int[] Count(SamplingOptions options, float[] logits, int draws)
    {
        var sampler = new Sampler(options with { Seed = 42 }, logits.Length);
        var counts = new int[logits.Length];
        for (var i = 0; i < draws; i++) counts[sampler.Sample(logits)]++;
        return counts;
    }

    private static double ChiSquare(int[] counts, double[] weights)
    {
        var (total, mass) = (counts.Sum(), weights.Sum());
        return counts.Zip(weights).Where(x => x.Second > 0).Sum(x => Math.Pow(x.First - total * x.Second / mass, 2) / (total * x.Second / mass));
    }
}
