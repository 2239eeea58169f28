using PersonaTune.Device.Keyboard;

namespace PersonaTune.Device.Tests.Keyboard;

public sealed class CacheMixtureTests
{
    [Theory]
    [InlineData(0.2)]
    [InlineData(0.5)]
    [InlineData(0.9)]
    public void FittingFindsTheWeightThatMadeTheData(double weight)
    {
        // Two distributions over three tokens; 20,000 draws put the estimate within 0.02 with probability above 0.9999.
        double[] model = [0.7, 0.2, 0.1];
        double[] cache = [0.1, 0.3, 0.6];
        var random = new Random(4);
        var points = Enumerable.Range(0, 20_000).Select(_ =>
        {
            var source = random.NextDouble() < weight ? model : cache;
            var draw = random.NextDouble();
            var token = draw < source[0] ? 0 : draw < source[0] + source[1] ? 1 : 2;
            return new MixturePoint(new CacheMatch(1, 7), model[token], cache[token]);
        }).ToList();
        Assert.Equal(weight, CacheMixture.Fit(points).ModelWeight(new CacheMatch(1, 7)), 0.03);
    }

    [Fact]
    public void EachKindOfMatchHasItsOwnWeight()
    {
        List<MixturePoint> points =
        [
            .. Enumerable.Repeat(new MixturePoint(new CacheMatch(2, 30), 0.01, 0.9), 500),
            .. Enumerable.Repeat(new MixturePoint(new CacheMatch(0, 30), 0.2, 0.001), 500),
        ];
        var mixture = CacheMixture.Fit(points);
        Assert.True(mixture.ModelWeight(new CacheMatch(2, 30)) < 0.1);
        Assert.True(mixture.ModelWeight(new CacheMatch(0, 30)) > 0.9);
        // Never seen in validation: the weight of all points together.
        Assert.InRange(mixture.ModelWeight(new CacheMatch(1, 1)), 0.2, 0.8);
        Assert.Equal(1, mixture.ModelWeight(new CacheMatch(-1, 0)));
    }

    [Fact]
    public void RareMatchesStayNearTheCommonWeight()
    {
        List<MixturePoint> points =
        [
            .. Enumerable.Repeat(new MixturePoint(new CacheMatch(0, 30), 0.2, 0.001), 500),
            new MixturePoint(new CacheMatch(3, 1), 0.0001, 0.9),
        ];
        Assert.True(CacheMixture.Fit(points, prior: 20).ModelWeight(new CacheMatch(3, 1)) > 0.7);
    }

    [Fact]
    public void FittingNeverLosesToAConstant()
    {
        var random = new Random(8);
        var points = Enumerable.Range(0, 2000)
            .Select(_ => new MixturePoint(new CacheMatch(random.Next(4), 1 + random.Next(20)), random.NextDouble(), random.NextDouble()))
            .ToList();
        var fitted = CacheMixture.Fit(points, prior: 0);
        var best = ScoredMessages.Nll(points, fitted);
        for (var weight = 0.0; weight <= 1; weight += 0.05) Assert.True(best <= ScoredMessages.Nll(points, CacheMixture.Constant(weight)) + 1e-6);
    }

    [Fact]
    public void MixingKeepsADistribution()
    {
        var random = new Random(2);
        var (model, cache) = (Distribution(random, 101), Distribution(random, 101));
        var expected = model.Zip(cache, (m, c) => 0.25f * m + 0.75f * c).ToArray();
        CacheMixture.Constant(0.25).Mix(new CacheMatch(0, 1), model, cache);
        Assert.Equal(1, model.Sum(p => (double)p), 1e-5);
        for (var i = 0; i < model.Length; i++) Assert.Equal(expected[i], model[i], 1e-6f);
    }

    [Fact]
    public void WeightsSurviveStorage()
    {
        var mixture = CacheMixture.Fit([new MixturePoint(new CacheMatch(1, 2), 0.1, 0.4)]);
        var copy = CacheMixture.FromWeights(mixture.ToWeights());
        Assert.Equal(mixture.ModelWeight(new CacheMatch(1, 2)), copy.ModelWeight(new CacheMatch(1, 2)));
        Assert.Throws<ArgumentException>(() => CacheMixture.FromWeights([0.5]));
        Assert.Throws<ArgumentException>(() => CacheMixture.FromWeights([.. mixture.ToWeights().Select(_ => double.NaN)]));
        Assert.Throws<ArgumentOutOfRangeException>(() => CacheMixture.Constant(1.1));
        Assert.Equal(1, CacheMixture.Fit([]).ModelWeight(new CacheMatch(2, 2)));
    }

    private static float[] Distribution(Random random, int count)
    {
        var values = Enumerable.Range(0, count).Select(_ => random.NextSingle()).ToArray();
        var sum = values.Sum();
        return [.. values.Select(value => value / sum)];
    }
}
