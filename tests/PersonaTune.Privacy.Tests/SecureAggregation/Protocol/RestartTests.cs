using PersonaTune.Privacy.SecureAggregation;
using PersonaTune.Privacy.SecureAggregation.Rounds;
using PersonaTune.Privacy.SecureAggregation.SingleServer;

namespace PersonaTune.Privacy.Tests.SecureAggregation.Protocol;

/// <summary>A device that dies and comes back, or is restored from a copy of its memory image, does not use its secrets twice.</summary>
public class RestartTests
{
    [Theory]
    [InlineData(RoundStage.Sharing, OneTimeStep.Share, RefusalReason.SecretsAlreadyUsed)]
    [InlineData(RoundStage.Collecting, OneTimeStep.Report, RefusalReason.SecretsAlreadyUsed)]
    [InlineData(RoundStage.Confirming, OneTimeStep.Confirm, RefusalReason.TwoRoots)]
    [InlineData(RoundStage.Unmasking, OneTimeStep.Unmask, RefusalReason.SecretsAlreadyUsed)]
    public void A_step_that_the_memory_knows_is_not_taken_again(RoundStage stage, OneTimeStep step, RefusalReason reason)
    {
        using var simulation = new RoundSimulation(TestRounds.Of(3, 4, 3), 4, 41);
        simulation.RunTo(RoundStage.Opening);
        // The twin of device 0 as a restored image would have it: same secrets, same session, and a memory that outlived both.
        Assert.True(Memory(simulation).TryTake(simulation.Server.Session, step, []));
        simulation.RunTo(stage);
        RoundSimulation.AssertRefused(reason, () => simulation.Answer(0));
        Assert.Equal(DeviceStage.Refused, simulation.Devices[0].Stage);
    }

    [Fact]
    public void A_restarted_device_does_not_join_its_round_again()
    {
        using var simulation = new RoundSimulation(TestRounds.Of(3, 4, 3), 4, 42);
        simulation.RunTo(RoundStage.Collecting);
        using var restarted = Device(simulation, Memory(simulation));
        RoundSimulation.AssertRefused(RefusalReason.ReplayedRound, () => restarted.Receive(simulation.Server.Offer, simulation.Now));
    }

    [Fact]
    public void Two_processes_of_one_device_do_not_both_join()
    {
        using var simulation = new RoundSimulation(TestRounds.Of(3, 4, 3), 4, 43);
        var memory = new VolatileRoundMemory();
        using var first = Device(simulation, memory);
        using var second = Device(simulation, memory);
        first.Receive(simulation.Server.Offer, simulation.Now);
        RoundSimulation.AssertRefused(RefusalReason.ReplayedRound, () => second.Receive(simulation.Server.Offer, simulation.Now));
    }

    [Fact]
    public void What_must_be_remembered_is_recorded_before_the_answer_exists()
    {
        using var simulation = new RoundSimulation(TestRounds.Of(3, 4, 3), 4, 44);
        var memory = new FailingMemory();
        using var device = Device(simulation, memory);
        Assert.Throws<IOException>(() => device.Receive(simulation.Server.Offer, simulation.Now));
        Assert.Null(device.Session);
    }

    [Fact]
    public void The_budget_is_spent_before_the_report_leaves()
    {
        var budget = new GivenBudget();
        using var simulation = new RoundSimulation(TestRounds.Of(3, 4, 3), 4, 45, policy: (i, policy) => i > 0 ? policy : new DevicePolicy
        {
            Certificates = policy.Certificates,
            Server = policy.Server,
            Budget = budget,
            RequireNoise = false,
            CohortFloor = 3,
            RequiredGraph = policy.RequiredGraph,
        });
        simulation.RunTo(RoundStage.Collecting);
        Assert.Equal(0, budget.Spent);
        budget.CanSpend = false;
        RoundSimulation.AssertRefused(RefusalReason.BudgetExhausted, () => simulation.Answer(0));
        Assert.Equal(0, budget.Spent);
    }

    [Fact]
    public void A_device_that_has_left_answers_nothing()
    {
        using var simulation = new RoundSimulation(TestRounds.Of(3, 4, 3), 4, 46);
        simulation.RunTo(RoundStage.Collecting);
        simulation.Devices[0].Dispose();
        RoundSimulation.AssertRefused(RefusalReason.RoundOver, () => simulation.Answer(0));
    }

    [Fact]
    public void A_round_that_lasts_too_long_is_left()
    {
        using var simulation = new RoundSimulation(TestRounds.Of(3, 4, 3), 4, 47);
        simulation.RunTo(RoundStage.Opening);
        RoundSimulation.AssertRefused(RefusalReason.DeadlinePassed, () => simulation.Devices[0].Receive(
            simulation.Server.Outbox.Single(message => message.To == simulation.Identities[0].Id).Bytes,
            simulation.Now + 6.1 * TestRounds.StageTime));
    }

    private static VolatileRoundMemory Memory(RoundSimulation simulation) => simulation.Memories[0];

    private static DeviceRound Device(RoundSimulation simulation, IRoundMemory memory) =>
        new(simulation.Policy, simulation.Identities[0], memory, new GivenReport(simulation.Values[0]));

    private sealed class FailingMemory : IRoundMemory
    {
        public long LastRound(string task) => 0;

        public bool TryBegin(string task, long round, SessionId session) => throw new IOException("the disk is full");

        public bool TryTake(SessionId session, OneTimeStep taken, ReadOnlySpan<byte> digest) => throw new IOException("the disk is full");
    }
}
