using PersonaTune.Privacy.SecureAggregation.Messages;

namespace PersonaTune.Privacy.Tests.SecureAggregation.Protocol;

/// <summary>
/// Rounds on sparse graphs with the recommended degree and threshold, at up to 30 % lost. A chance of 2^-20 that a round fails.
/// </summary>
[Trait("Duration", "Long")]
public class SparseRoundTests
{
    [Theory]
    [InlineData(100, 1, 0.3)]
    [InlineData(100, 1000, 0.3)]
    [InlineData(100, 100_000, 0.0)]
    [InlineData(300, 1, 0.0)]
    [InlineData(300, 1000, 0.3)]
    [InlineData(300, 100_000, 0.3)]
    public void The_sum_is_exact(int count, int dimension, double rate)
    {
        var plan = DropPlan.Draw(count, rate, new Random(count + dimension));
        using var simulation = new RoundSimulation(TestRounds.Recommended(count / 2, count, dimension, bits: 16), count, 7, plan);
        var result = simulation.Run();
        simulation.AssertExact(result);
        Assert.Equal(plan.Answering(MessageType.Boxes), result.Contributors.Count);
    }

    [Theory]
    [InlineData(MessageType.Roster)]
    [InlineData(MessageType.Openings)]
    [InlineData(MessageType.Boxes)]
    [InlineData(MessageType.Survivors)]
    [InlineData(MessageType.UnmaskRequest)]
    public void Losing_thirty_percent_at_one_stage_leaves_the_sum_exact(MessageType stage)
    {
        using var simulation = new RoundSimulation(TestRounds.Recommended(25, 40, 33), 40, 11, DropPlan.At(stage, 40, 12));
        var result = simulation.Run();
        simulation.AssertExact(result);
        Assert.Equal(stage > MessageType.Boxes ? 40 : 28, result.Contributors.Count);
    }
}
