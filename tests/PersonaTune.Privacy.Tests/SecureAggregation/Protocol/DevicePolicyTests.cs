using PersonaTune.Privacy.SecureAggregation;
using PersonaTune.Privacy.SecureAggregation.Identity;
using PersonaTune.Privacy.SecureAggregation.Messages;
using PersonaTune.Privacy.SecureAggregation.Rounds;
using PersonaTune.Privacy.SecureAggregation.SingleServer;

namespace PersonaTune.Privacy.Tests.SecureAggregation.Protocol;

/// <summary>Every demand of a device's policy, by the offer that violates only it.</summary>
public class DevicePolicyTests
{
    // Noise, cohort and graph as the default policy wants them: 100 devices, 10 % corrupt, 30 % dropouts.
    private static readonly RoundConfiguration Acceptable = TestRounds.Recommended(60, 100, 10) with
    {
        Round = 5,
        Noise = NoiseKind.Skellam,
        NoiseSigma = 20,
    };

    [Fact]
    public void An_acceptable_offer_is_answered() => Assert.Equal(DeviceStage.Advertised, Join(Acceptable).Stage);

    [Fact]
    public void A_round_that_is_not_newer_is_refused()
    {
        var memory = new VolatileRoundMemory();
        Join(Acceptable, memory: memory);
        Refuses(RefusalReason.ReplayedRound, Acceptable, memory: memory);
        Refuses(RefusalReason.ReplayedRound, Acceptable with { Round = 4 }, memory: memory);
        Join(Acceptable with { Round = 6 }, memory: memory);
        Join(Acceptable with { Task = "another" }, memory: memory);
    }

    [Fact]
    public void A_refused_offer_does_not_use_up_its_round()
    {
        var memory = new VolatileRoundMemory();
        Refuses(RefusalReason.NoiseMissing, Acceptable with { Noise = NoiseKind.None, NoiseSigma = 0 }, memory: memory);
        Assert.Equal(0, memory.LastRound(Acceptable.Task));
    }

    [Fact]
    public void Another_model_or_layout_is_refused()
    {
        Refuses(RefusalReason.ModelMismatch, Acceptable with { ModelHash = new byte[32] });
        Refuses(RefusalReason.SchemaMismatch, Acceptable with { AdapterSchemaHash = new byte[32] });
    }

    [Fact]
    public void A_minimum_cohort_below_the_floor_is_refused() =>
        Refuses(RefusalReason.CohortFloor, Acceptable with { MinimumDevices = 31 });

    [Fact]
    public void A_ring_in_which_the_sum_could_wrap_is_refused()
    {
        // 100 devices of magnitude 101 need 10,100 and noise of sigma 200 with its tail about 2,000 of 32,767.
        Join(Acceptable with { Bits = 16 });
        Refuses(RefusalReason.WidthOverflow, Acceptable with { Bits = 16, Scale = 400 });
        Refuses(RefusalReason.WidthOverflow, Acceptable with { Bits = 16, Clip = 4 });
        Refuses(RefusalReason.WidthOverflow, Acceptable with { Bits = 16, NoiseSigma = 600 });
        Join(Acceptable with { Bits = 16, Scale = 300, NoiseSigma = 1 });
        Refuses(RefusalReason.WidthOverflow, Acceptable with { Bits = 16, Scale = 300, NoiseSigma = 1, MaximumDevices = 110 });
    }

    [Fact]
    public void A_round_without_usable_noise_is_refused()
    {
        Refuses(RefusalReason.NoiseMissing, Acceptable with { Noise = NoiseKind.None, NoiseSigma = 0 });
        Refuses(RefusalReason.NoiseMissing, Acceptable with { Noise = NoiseKind.DiscreteGaussian });
        Refuses(RefusalReason.NoiseMissing, Acceptable, drawsNoise: false);
        // Half of 200 possible devices corrupt: the 60 that must at least survive could all be.
        Refuses(RefusalReason.NoiseMissing, Acceptable with { MaximumDevices = 200, CorruptPpm = 500_000, QuorumPpm = 750_000 });
    }

    [Fact]
    public void An_exhausted_budget_is_refused_at_the_offer() =>
        Refuses(RefusalReason.BudgetExhausted, Acceptable, budget: new GivenBudget { Remains = false });

    [Fact]
    public void A_round_that_plans_for_no_collusion_is_refused() =>
        Refuses(RefusalReason.ThresholdTooLow, Acceptable with { CorruptPpm = 0 });

    [Theory]
    [InlineData(34, 10)]
    [InlineData(32, 11)]
    public void A_degree_or_threshold_below_the_rule_is_refused(int degree, int threshold)
    {
        // h_harary_params_google.csv, CURIOUS_SERVER, 10 % corrupt, 30 % dropouts, n = 100: k 34, t 11.
        var configuration = TestRounds.Recommended(60, 100, 1) with { Degree = degree, Threshold = threshold };
        using var simulation = new RoundSimulation(configuration, 100, 1, policy: (i, policy) => i > 0 ? policy : new DevicePolicy
        {
            Certificates = policy.Certificates,
            Server = policy.Server,
            Budget = policy.Budget,
            RequireNoise = false,
        });
        simulation.RunTo(RoundStage.Sharing);
        RoundSimulation.AssertRefused(RefusalReason.ThresholdTooLow, () => simulation.Answer(0));
        Assert.Equal(DeviceStage.Refused, simulation.Devices[0].Stage);
    }

    [Fact]
    public void The_rule_s_degree_and_threshold_are_accepted()
    {
        using var simulation = new RoundSimulation(
            TestRounds.Recommended(60, 100, 1), 100, 1, policy: (i, policy) => i > 0 ? policy : new DevicePolicy
            {
                Certificates = policy.Certificates,
                Server = policy.Server,
                Budget = policy.Budget,
                RequireNoise = false,
            });
        simulation.RunTo(RoundStage.Sharing);
        simulation.Answer(0);
        Assert.Equal(DeviceStage.Shared, simulation.Devices[0].Stage);
    }

    [Theory]
    // h_harary_params_google.csv, CURIOUS_SERVER, 10 % corrupt, 30 % dropouts, n = 1000: k 88, t 36.
    [InlineData(1000, 88, 36, true)]
    [InlineData(1000, 88, 35, false)]
    [InlineData(1000, 86, 36, false)]
    // Of 500 neighbours 50 are corrupt on average: 36 shares would hide nothing.
    [InlineData(1000, 500, 36, false)]
    [InlineData(1000, 500, 50, false)]
    [InlineData(1000, 500, 101, true)]
    // Parameters for a full cohort still serve when fewer came.
    [InlineData(600, 88, 36, true)]
    public void The_threshold_follows_the_degree(int count, int degree, int threshold, bool accepted)
    {
        using var certificates = new MemoizedCertificates();
        using var server = IdentityKey.Generate();
        using var serverKey = new VerificationKey(server.PublicKey);
        var policy = new DevicePolicy { Certificates = certificates, Server = serverKey, Budget = new GivenBudget() };
        if (accepted) policy.CheckGraph(Acceptable, count, degree, threshold);
        else RoundSimulation.AssertRefused(RefusalReason.ThresholdTooLow, () => policy.CheckGraph(Acceptable, count, degree, threshold));
    }

    [Fact]
    public void An_offer_whose_session_is_not_its_own_is_refused()
    {
        using var server = IdentityKey.Generate();
        var body = new OfferBody(Acceptable, new byte[32]);
        var foreign = SessionId.Derive(Acceptable with { MinimumDevices = 61 }, new byte[32]);
        using var device = Device(server, new VolatileRoundMemory(), new GivenNoise(1), new GivenBudget());
        RoundSimulation.AssertRefused(
            RefusalReason.ForeignSession, () => device.Receive(MessageCodec.Sign(body, foreign, server).Bytes, Fleet.Now));
    }

    [Fact]
    public void An_offer_of_two_servers_is_refused() => Refuses(RefusalReason.ConfigurationInvalid, Acceptable with
    {
        Mode = AggregationMode.TwoServers,
        Degree = 0,
        Threshold = 0,
        QuorumPpm = 0,
        Durations = StageDurations.Window(
            TestRounds.StageTime),
        HelperKeyHash = TestRounds.ModelHash,
    });

    private static void Refuses(
        RefusalReason reason, RoundConfiguration configuration, IRoundMemory? memory = null, bool drawsNoise = true,
        IRoundBudget? budget = null) =>
        RoundSimulation.AssertRefused(reason, () => Join(configuration, memory, drawsNoise, budget));

    private static DeviceRound Join(
        RoundConfiguration configuration, IRoundMemory? memory = null, bool drawsNoise = true, IRoundBudget? budget = null)
    {
        using var server = IdentityKey.Generate();
        var device = Device(
            server, memory ?? new VolatileRoundMemory(), drawsNoise ? new GivenNoise(1) : null, budget ?? new GivenBudget());
        var nonce = new byte[32];
        var offer = MessageCodec.Sign(new OfferBody(configuration, nonce), SessionId.Derive(configuration, nonce), server);
        Assert.Single(device.Receive(offer.Bytes, Fleet.Now));
        return device;
    }

    private static DeviceRound Device(IdentityKey server, IRoundMemory memory, IReportNoise? noise, IRoundBudget budget)
    {
        var policy = new DevicePolicy
        {
            Certificates = new MemoizedCertificates(),
            Server = new VerificationKey(server.PublicKey),
            Budget = budget,
            Noise = noise,
        };
        return new DeviceRound(policy, Fleet.Device(0), memory, new GivenReport(new int[10]));
    }
}
