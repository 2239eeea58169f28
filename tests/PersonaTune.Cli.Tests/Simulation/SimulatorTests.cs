using PersonaTune.Cli.Simulation;
using PersonaTune.Device.Federation;
using PersonaTune.Protocol.Tasks;

namespace PersonaTune.Cli.Tests.Simulation;

/// <summary>Fleets of production clients against the production aggregator over HTTP, with everything that may go wrong.</summary>
public sealed class SimulatorTests
{
    [Fact]
    public async Task A_run_repeats_bit_for_bit_with_its_seed_and_differs_with_another()
    {
        var first = await RunAsync(Plan(seed: 1));
        var second = await RunAsync(Plan(seed: 1));
        var other = await RunAsync(Plan(seed: 2));
        Assert.Equal(first.Vector, second.Vector);
        Assert.NotEqual(first.Vector, other.Vector);
        Assert.Equal(40, first.Reasons["completed"]);
    }

    /// <summary>A third of the devices vanishes before one step, in turn for each; the round is finished with the others, or another attempt is.</summary>
    [Theory]
    [InlineData(ParticipationStep.CheckIn)]
    [InlineData(ParticipationStep.Train)]
    [InlineData(ParticipationStep.Advertise)]
    [InlineData(ParticipationStep.Open)]
    [InlineData(ParticipationStep.Share)]
    [InlineData(ParticipationStep.Upload)]
    [InlineData(ParticipationStep.Confirm)]
    [InlineData(ParticipationStep.Unmask)]
    [Trait("Duration", "Long")]
    public async Task Rounds_are_published_though_devices_vanish_at_a_step(ParticipationStep step)
    {
        var plan = Plan(seed: 3) with
        {
            Rounds = 1,
            MinimumFraction = 0.5,
            StageSeconds = 1,
            LongStageSeconds = 1.5,
            Faults = new FaultPlan { Seed = 3, Drops = new Dictionary<ParticipationStep, double> { [step] = 0.3 } },
        };
        var result = await RunAsync(plan);
        var round = Assert.Single(result.Rounds);
        Assert.True(round.Lost > 0, "nobody was lost");
        Assert.True(round.Completed >= 10, $"{round.Completed} of 20 completed");
    }

    [Theory]
    [InlineData((int)LiarKind.Flip)]
    [InlineData((int)LiarKind.NotANumber)]
    [InlineData((int)LiarKind.Truncate)]
    [InlineData((int)LiarKind.Forge)]
    [InlineData((int)LiarKind.Replay)]
    [InlineData((int)LiarKind.Oversize)]
    [Trait("Duration", "Long")]
    public async Task Rounds_are_published_though_some_devices_lie(int lie)
    {
        var kind = (LiarKind)lie;
        var plan = Plan(seed: 4) with
        {
            Rounds = 1,
            MinimumFraction = 0.5,
            StageSeconds = 1,
            LongStageSeconds = 1.5,
            Faults = new FaultPlan { Seed = 4, LiarRate = 0.2, Liar = kind },
        };
        var liars = Enumerable.Range(0, 20).Count(plan.Faults.Lies);
        Assert.InRange(liars, 1, 8);
        var result = await RunAsync(plan);
        var round = Assert.Single(result.Rounds);
        // Whoever only lies about the update is in the sum, clipped; everybody else is turned away.
        if (kind == LiarKind.Flip) Assert.Equal(20, round.Completed);
        else Assert.Equal(20 - liars, round.Completed / round.Attempts);
    }

    [Fact]
    public async Task Plain_rounds_with_central_and_with_local_noise_are_published()
    {
        foreach (var privacy in (PrivacyKind[])[PrivacyKind.None, PrivacyKind.Central, PrivacyKind.Local])
        {
            var result = await RunAsync(Plan(seed: 5) with { Aggregation = AggregationKind.Plain, Privacy = privacy });
            Assert.Equal(2, result.Rounds.Count);
            Assert.Equal(privacy == PrivacyKind.None, result.Rounds[^1].Epsilon is null);
        }
    }

    private static SimulationPlan Plan(long seed) => new() { Devices = 20, Rounds = 2, Goal = 20, CohortSize = 20, StageSeconds = 20, LongStageSeconds = 20, NoiseMultiplier = 0.5, Faults = new FaultPlan { Seed = seed } };

    private static async Task<SimulationResult> RunAsync(SimulationPlan plan)
    {
        using var workload = new SyntheticWorkload(plan.Devices, 100, plan.Faults.Seed);
        return await new Simulator(workload, plan, _ => { }).RunAsync(CancellationToken.None);
    }
}
