using PersonaTune.Device.Personalization;

namespace PersonaTune.Device.Tests.Personalization;

public sealed class PromotionGateTests
{
    private static readonly PromotionGateOptions Options = new() { MinimumImprovement = 0.01, MinimumMessages = 2, MinimumTokens = 20 };

    [Theory]
    [InlineData(20, 10, 10, true)]      // halved
    [InlineData(20, 19.9, 10, false)]   // within the margin
    [InlineData(20, 20, 10, false)]     // equal
    [InlineData(20, 25, 10, false)]     // worse
    [InlineData(20, double.NaN, 10, false)]
    [InlineData(20, double.PositiveInfinity, 10, false)]
    [InlineData(double.PositiveInfinity, 20, 10, true)]
    [InlineData(double.NaN, double.NaN, 10, false)]
    [InlineData(20, 10, 9, false)]      // 18 tokens
    public void Promotes_only_what_beats_the_current_one_by_the_margin(double before, double after, int tokens, bool promoted)
    {
        MessageScore[] current = [new(3, tokens, before), new(3, tokens, before)];
        MessageScore[] candidate = [new(3, tokens, after), new(3, tokens, after)];
        var decision = PromotionGate.Decide(current, candidate, Options);
        Assert.Equal(promoted, decision.Promote);
        Assert.NotEmpty(decision.Reason);
        Assert.Equal(before * 2, decision.Current.TotalNll);
    }

    [Fact]
    public void A_single_message_is_not_enough()
    {
        var decision = PromotionGate.Decide([new(3, 50, 100)], [new(3, 50, 10)], Options);
        Assert.False(decision.Promote);
        Assert.Contains("only 1 held-out messages", decision.Reason, StringComparison.Ordinal);
    }

    [Fact]
    public void Confidence_asks_for_an_improvement_beyond_chance()
    {
        // One message much better, the others worse: 9 % better in sum, but with a standard error of about 12 %.
        MessageScore[] current = [.. Enumerable.Repeat(new MessageScore(3, 20, 50), 8)];
        MessageScore[] candidate = [new(3, 20, 1), .. Enumerable.Repeat(new MessageScore(3, 20, 52), 7)];
        Assert.True(PromotionGate.Decide(current, candidate, Options).Promote);
        Assert.False(PromotionGate.Decide(current, candidate, Options with { Confidence = 2 }).Promote);
    }

    /// <summary>Values worked out by hand from the ratio estimator's formula.</summary>
    [Fact]
    public void The_standard_error_is_the_ratio_estimators()
    {
        var comparison = PairedComparison.Of([new(1, 1, 10), new(1, 1, 20), new(1, 1, 30)], [new(1, 1, 9), new(1, 1, 20), new(1, 1, 25)]);
        Assert.Equal(-0.1, comparison.RelativeDifference, 12);
        // residuals: -1 + 1 = 0, 0 + 2 = 2, -5 + 3 = -2; sqrt(8 * 3 / 2) / 60
        Assert.Equal(Math.Sqrt(12) / 60, comparison.StandardError, 12);
    }
}
