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
            var source = random.NextDouble() < weight ? cache : model;
            var draw = random.NextDouble();
            var token = draw < source[0] ? 0 : draw < source[0] + source[1] ? 1 : 2;
            return Point(model[token], new CacheLevel(1, 7, cache[token], 0));
        }).ToList();
        Assert.Equal(weight, CacheMixture.Fit(points).Weight(1, 7), 0.03);
    }

    [Fact]
    public void AMixtureIsTheBackOffChainOverTheModel()
    {
        // By hand: the empty context first, 0.5 (0.1 + 0.4 * 0.02) + 0.5 * 0.02 = 0.064; then 0.5 (0.3 + 0.2 * 0.064) + 0.5 * 0.064 = 0.1884.
        var point = Point(0.02, new CacheLevel(0, 50, 0.1, 0.4), new CacheLevel(1, 3, 0.3, 0.2));
        Assert.Equal(0.1884, CacheMixture.Constant(0.5).Probability(point), 12);
        Assert.Equal(0.02, CacheMixture.ModelOnly.Probability(point), 12);
        // Trusted fully it is Kneser and Ney's: 0.3 + 0.2 (0.1 + 0.4 * 0.02).
        Assert.Equal(0.3 + 0.2 * (0.1 + 0.4 * 0.02), CacheMixture.Constant(1).Probability(point), 12);
        Assert.Equal(0.02, CacheMixture.Default.Probability(Point(0.02)), 12);
    }

    [Fact]
    public void EachKindOfContextHasItsOwnWeight()
    {
        List<MixturePoint> points =
        [
            .. Enumerable.Repeat(Point(0.01, new CacheLevel(2, 30, 0.9, 0.1)), 500),
            .. Enumerable.Repeat(Point(0.2, new CacheLevel(0, 30, 0.001, 0.1)), 500),
        ];
        var mixture = CacheMixture.Fit(points);
        Assert.True(mixture.Weight(2, 30) > 0.95);
        Assert.True(mixture.Weight(0, 30) < 0.1);
        // Never seen in validation.
        Assert.Equal(CacheMixture.Default.Weight(1, 1), mixture.Weight(1, 1));
    }

    [Fact]
    public void RareContextsStayNearTheDefault()
    {
        List<MixturePoint> points = [Point(0.9, new CacheLevel(3, 1, 0, 0.1))];
        Assert.Equal(CacheMixture.Default.Weight(3, 1), CacheMixture.Fit(points, prior: 50).Weight(3, 1), 0.05);
        Assert.Equal(0, CacheMixture.Fit(points, prior: 0).Weight(3, 1), 0.05);
        Assert.Equal(CacheMixture.Default.ToWeights(), CacheMixture.Fit([]).ToWeights());
    }

    [Fact]
    public void FittingNeverLosesToAConstant()
    {
        var random = new Random(8);
        var points = Enumerable.Range(0, 2000).Select(_ => Point(random.NextDouble(), [.. Enumerable.Range(0, 1 + random.Next(4))
            .Select(length => (Length: length, Escape: random.NextDouble()))
            .Select(level => new CacheLevel(level.Length, 1 + random.Next(20), random.NextDouble() * (1 - level.Escape), level.Escape))])).ToList();
        var best = ScoredMessages.Nll(points, CacheMixture.Fit(points, prior: 0));
        for (var weight = 0.0; weight <= 1; weight += 0.05) Assert.True(best <= ScoredMessages.Nll(points, CacheMixture.Constant(weight)) + 1e-2);
    }

    [Fact]
    public void WeightsSurviveStorage()
    {
        var mixture = CacheMixture.Fit([Point(0.1, new CacheLevel(1, 2, 0.4, 0.5))]);
        var copy = CacheMixture.FromWeights(mixture.ToWeights());
        Assert.Equal(mixture.ToWeights(), copy.ToWeights());
        Assert.Throws<ArgumentException>(() => CacheMixture.FromWeights([0.5]));
        Assert.Throws<ArgumentException>(() => CacheMixture.FromWeights([.. mixture.ToWeights().Select(_ => double.NaN)]));
        Assert.Throws<ArgumentOutOfRangeException>(() => CacheMixture.Constant(1.1));
        Assert.Throws<ArgumentOutOfRangeException>(() => CacheMixture.Fit([], prior: -1));
    }

    private static MixturePoint Point(double model, params CacheLevel[] levels) => new(model, levels);
}
