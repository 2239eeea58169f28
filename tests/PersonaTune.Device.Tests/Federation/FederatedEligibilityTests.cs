using PersonaTune.Device.Consent;
using PersonaTune.Device.Federation;
using PersonaTune.Device.Scheduling;
using PersonaTune.Privacy.Accounting;
using PersonaTune.Protocol.Tasks;

namespace PersonaTune.Device.Tests.Federation;

/// <summary>What a user's limits forbid, and what a task really costs.</summary>
public sealed class FederatedEligibilityTests
{
    private static readonly DateTimeOffset Now = DateTimeOffset.UnixEpoch.AddYears(50);
    private static readonly DeviceState Ready = new() { Power = PowerSource.External, Idle = true, Metered = false };
    private static readonly FederatedPolicy Policy = new() { MaximumEpsilon = 10, MinimumCohort = 32 };

    public static TheoryData<ParticipationRefusal> Reasons => [.. Enum.GetValues<ParticipationRefusal>()];

    [Theory]
    [MemberData(nameof(Reasons))]
    public void Each_limit_refuses_alone(ParticipationRefusal reason)
    {
        var (task, device, examples, last, consent) = (Task(), Ready, 100, (DateTimeOffset?)null, FederationSample.Consent(Now));
        switch (reason)
        {
            case ParticipationRefusal.NoConsent: consent = FederationSample.Consent(Now, ConsentPurpose.Personalization); break;
            case ParticipationRefusal.EpsilonTooLarge: task = task with { Rounds = 500, Privacy = task.Privacy with { ClaimedEpsilon = 1e9 } }; break;
            case ParticipationRefusal.DeltaTooLarge: task = task with { Privacy = task.Privacy with { Delta = 1e-3 } }; break;
            case ParticipationRefusal.ClaimTooSmall: task = task with { Privacy = task.Privacy with { ClaimedEpsilon = 0.5 } }; break;
            case ParticipationRefusal.PrivacyKind: task = task with { Privacy = task.Privacy with { Kind = PrivacyKind.Central } }; break;
            case ParticipationRefusal.CohortTooSmall: task = task with { Cohorts = task.Cohorts with { MinimumCohort = 31 } }; break;
            case ParticipationRefusal.TooFewExamples: examples = 3; break;
            case ParticipationRefusal.TooSoon: last = Now.AddMinutes(-5); break;
            case ParticipationRefusal.NotCharging: device = Ready with { Power = PowerSource.Battery }; break;
            case ParticipationRefusal.NotIdle: device = Ready with { Idle = false }; break;
            case ParticipationRefusal.Metered: device = Ready with { Metered = true }; break;
            default: throw new ArgumentOutOfRangeException(nameof(reason));
        }

        var obstacles = FederatedEligibility.Check(task, Policy, device, examples, last, consent, Now);
        Assert.Equal(reason, Assert.Single(obstacles).Reason);
        Assert.NotEmpty(obstacles[0].Text);
    }

    [Fact]
    public void A_task_within_all_limits_may_be_joined() =>
        Assert.Empty(FederatedEligibility.Check(Task(), Policy, Ready, 100, Now.AddHours(-2), FederationSample.Consent(Now), Now));

    [Fact]
    public void A_consent_that_allows_less_than_the_policy_decides_and_an_expired_one_covers_nothing()
    {
        Assert.Equal(ParticipationRefusal.EpsilonTooLarge, Assert.Single(FederatedEligibility.Check(Task(), Policy, Ready, 100, null, FederationSample.Consent(Now, epsilon: 1), Now)).Reason);
        Assert.Equal(ParticipationRefusal.NoConsent, Assert.Single(FederatedEligibility.Check(Task(), Policy, Ready, 100, null, FederationSample.Consent(Now), Now.AddYears(3))).Reason);
    }

    [Fact]
    public void The_cost_is_computed_from_the_terms_and_lies_just_above_that_of_a_continuous_Gaussian()
    {
        var gaussian = new RdpAccountant(NeighbouringRelation.AddOrRemoveOne).Compose(new GaussianEvent(4), 10).GetEpsilon(1e-5);
        Assert.InRange(TaskCost.Epsilon(Task()), gaussian * 0.99, gaussian * 1.02);
        Assert.Equal(double.PositiveInfinity, TaskCost.Epsilon(Task() with { Privacy = Task().Privacy with { Kind = PrivacyKind.None } }));
    }

    private static TaskDefinition Task() => FederationSample.Task();
}
