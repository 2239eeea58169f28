using PersonaTune.Device.Keyboard;

namespace PersonaTune.Device.Tests.Keyboard;

public sealed class KneserNeyModelTests
{
    [Fact]
    public void DiscountsFollowChenAndGoodman()
    {
        // Y = n1 / (n1 + 2 n2); D1 = 1 - 2Y n2/n1, D2 = 2 - 3Y n3/n2, D3+ = 3 - 4Y n4/n3 (Chen and Goodman 1998, section 4.1.6 ff.).
        var discounts = KneserNeyDiscounts.Estimate(100, 40, 20, 10);
        const double y = 100.0 / 180;
        Assert.Equal(1 - 2 * y * 40 / 100, discounts[1], 12);
        Assert.Equal(2 - 3 * y * 20 / 40, discounts[2], 12);
        Assert.Equal(3 - 4 * y * 10 / 20, discounts[3], 12);
        Assert.Equal(discounts[3], discounts[50]);
        Assert.Equal(0, discounts[0]);
        Assert.Equal(KneserNeyDiscounts.Fallback, KneserNeyDiscounts.Estimate(5, 0, 1, 1));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(3)]
    [InlineData(5)]
    public void EveryContextGivesADistribution(int order)
    {
        var random = new Random(order);
        var messages = Enumerable.Range(0, 200)
            .Select(_ => (ReadOnlyMemory<int>)(int[])[0, .. Enumerable.Range(0, random.Next(1, 9)).Select(_ => 1 + random.Next(1 + random.Next(20))), 0])
            .ToList();
        var model = new KneserNeyModel(messages, 21, 0, order);
        var probabilities = new float[21];
        foreach (var message in messages.Take(50))
            for (var i = 0; i < message.Length; i++)
            {
                model.Probabilities(message.Span[..i], probabilities);
                Assert.Equal(1, probabilities.Sum(p => (double)p), 1e-5);
                for (var token = 0; token < 21; token++) Assert.Equal(model.Probability(message.Span[..i], token), probabilities[token], 1e-6);
            }
    }

    [Fact]
    public void LongerContextsPredictWhatTheySaw()
    {
        ReadOnlyMemory<int>[] messages = [(int[])[0, 1, 2, 3, 0], (int[])[0, 4, 2, 5, 0], (int[])[0, 1, 2, 3, 0], (int[])[0, 4, 2, 5, 0]];
        var model = new KneserNeyModel(messages, 6, 0, 3);
        Assert.True(model.Probability([0, 1, 2], 3) > 2 * model.Probability([0, 1, 2], 5));
        Assert.True(model.Probability([0, 4, 2], 5) > 2 * model.Probability([0, 4, 2], 3));
    }
}
