using PersonaTune.Privacy.SecureAggregation;
using PersonaTune.Privacy.SecureAggregation.Messages;
using PersonaTune.Privacy.SecureAggregation.Rounds;

namespace PersonaTune.Privacy.Tests.SecureAggregation.Protocol;

/// <summary>
/// Randomized schedules: 0 to 30 % of the devices lost, at any stage, messages in any order. Up to 35 devices the graph is complete,
/// so that an independent count says whether a round must succeed.
/// </summary>
[Trait("Duration", "Long")]
public class RoundScheduleTests
{
    // Seeds 1 to 480 in eight parts that run one after another but beside other classes.
    [Theory]
    [InlineData(1)]
    [InlineData(61)]
    [InlineData(121)]
    [InlineData(181)]
    [InlineData(241)]
    [InlineData(301)]
    [InlineData(361)]
    [InlineData(421)]
    public void Small_rounds_give_the_exact_sum_or_are_refused(int firstSeed)
    {
        var exact = 0;
        for (var seed = firstSeed; seed < firstSeed + 60; seed++)
        {
            var random = new Random(seed);
            var count = seed % 3 == 0 ? 3 : seed % 20 == 1 ? 10 : random.Next(3, 9);
            var dimension = (int[])[1, 2, 33, 1000];
            var configuration = TestRounds.Of(
                3, count, dimension[random.Next(4)], random.Next(2, Math.Max(3, count * 2 / 3)),
                bits: ((int[])[16, 20, 24, 32])[random.Next(4)]);
            if (Exact(configuration, count, seed, 0.3)) exact++;
        }

        Assert.True(exact >= 30, $"only {exact} of 60 schedules gave a sum, which would show little"); // about 50 do
    }

    [Theory]
    [InlineData(10, 1000, 0.0)]
    [InlineData(10, 1, 0.3)]
    [InlineData(10, 100_000, 0.3)]
    [InlineData(34, 1, 0.0)]
    [InlineData(34, 1000, 0.3)]
    [InlineData(34, 100_000, 0.3)]
    public void Complete_graphs_give_the_exact_sum_or_are_refused(int count, int dimension, double rate)
    {
        const int Rounds = 3;
        var exact = 0;
        for (var seed = 1000 * count; seed < 1000 * count + Rounds; seed++)
        {
            if (Exact(TestRounds.Of(3, count, dimension, threshold: Math.Max(2, count / 3)), count, seed, rate)) exact++;
        }

        Assert.Equal(Rounds, exact);
    }

    [Theory]
    [InlineData(3, 1)]
    [InlineData(3, 1000)]
    [InlineData(3, 100_000)]
    public void Three_devices_give_the_exact_sum(int count, int dimension) =>
        Assert.True(Exact(TestRounds.Of(3, 3, dimension), count, dimension, 0));

    /// <summary>Runs one schedule and compares with what must come out; true if that is a sum.</summary>
    private static bool Exact(RoundConfiguration configuration, int count, int seed, double rate)
    {
        var plan = DropPlan.Draw(count, rate, new Random(seed));
        using var simulation = new RoundSimulation(configuration, count, seed, plan);
        if (Expected(configuration, plan) is { } reason)
        {
            RoundSimulation.AssertRefused(reason, () => simulation.Run());
            return false;
        }

        var result = simulation.Run();
        simulation.AssertExact(result);
        Assert.Equal(plan.Answering(MessageType.Boxes), result.Contributors.Count);
        Assert.Empty(result.Culprits);
        return true;
    }

    /// <summary>By counting alone, in a complete graph: why a round must fail, or null.</summary>
    private static RefusalReason? Expected(RoundConfiguration configuration, DropPlan plan)
    {
        var (opened, shared) = (plan.Answering(MessageType.Roster), plan.Answering(MessageType.Openings));
        var (reported, confirmed, revealed) = (
            plan.Answering(MessageType.Boxes), plan.Answering(MessageType.Survivors), plan.Answering(MessageType.UnmaskRequest));
        var minimum = configuration.MinimumDevices;
        if (opened < minimum) return RefusalReason.RosterTooSmall;
        var threshold = Math.Min(configuration.Threshold, GraphParameters.Complete(opened).Threshold);
        // A device whose neighbours' boxes are fewer than the threshold leaves; in a complete graph all do or none.
        if (shared < minimum || shared - 1 < threshold || reported < minimum) return RefusalReason.TooFewSurvivors;
        if (confirmed < 55 * plan.Count / 100 + 1) return RefusalReason.SubQuorum;
        // Every survivor's seed needs shares of others: one fewer for those that still answer.
        if (revealed - 1 < threshold && revealed > 0) return RefusalReason.TooFewShares;
        return revealed < threshold ? RefusalReason.TooFewShares : null;
    }
}
