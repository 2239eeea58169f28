using PersonaTune.Privacy.SecureAggregation;
using PersonaTune.Privacy.SecureAggregation.Rounds;

namespace PersonaTune.Privacy.Tests.SecureAggregation.Protocol;

public class RoundConfigurationTests
{
    private static readonly RoundConfiguration Valid = TestRounds.Of(10, 20, 1000, 5);

    public static TheoryData<string, RoundConfiguration> Invalid => new()
    {
        { "Task", Valid with { Task = "" } },
        { "Task", Valid with { Task = new string('x', 129) } },
        { "Task", Valid with { Task = "ümlaut" } },
        { "LedgerUnit", Valid with { LedgerUnit = "\n" } },
        { "Round", Valid with { Round = 0 } },
        { "ModelHash", Valid with { ModelHash = new byte[31] } },
        { "AdapterSchemaHash", Valid with { AdapterSchemaHash = new byte[33] } },
        { "Mode", Valid with { Mode = (AggregationMode)9 } },
        { "Dimension", Valid with { Dimension = 0 } },
        { "Dimension", Valid with { Dimension = RoundConfiguration.MaximumDimension + 1 } },
        { "Bits", Valid with { Bits = 17 } },
        { "Clip", Valid with { Clip = double.NaN } },
        { "Clip", Valid with { Clip = 0 } },
        { "Scale", Valid with { Scale = double.PositiveInfinity } },
        { "Scale", Valid with { Scale = 1e30 } },
        { "Noise", Valid with { Noise = (NoiseKind)9 } },
        { "NoiseSigma", Valid with { NoiseSigma = 1 } },
        { "NoiseSigma", Valid with { NoiseSigma = -0.0 } },
        { "NoiseSigma", Valid with { Noise = NoiseKind.Skellam } },
        { "NoiseSigma", Valid with { Noise = NoiseKind.Skellam, NoiseSigma = double.NaN } },
        { "MinimumDevices", Valid with { MinimumDevices = 2 } },
        { "MaximumDevices", Valid with { MaximumDevices = 9 } },
        { "MaximumDevices", Valid with { MaximumDevices = RoundConfiguration.MaximumCohort + 1 } },
        { "Degree", Valid with { Degree = 33 } },
        { "Degree", Valid with { Degree = 0 } },
        { "Threshold", Valid with { Threshold = 1 } },
        { "Threshold", Valid with { Threshold = 35 } },
        { "CorruptPpm", Valid with { CorruptPpm = -1 } },
        { "DropoutPpm", Valid with { DropoutPpm = 900_000 } },
        { "QuorumPpm", Valid with { QuorumPpm = 549_999 } },
        { "QuorumPpm", Valid with { QuorumPpm = 1_000_000 } },
        { "Durations", Valid with { Durations = StageDurations.Window(TestRounds.StageTime) } },
        { "Durations", Valid with { Durations = StageDurations.Each(TimeSpan.FromTicks(1)) } },
        { "Durations", Valid with { Durations = StageDurations.Each(TimeSpan.FromDays(50)) } },
        { "HelperKeyHash", Valid with { HelperKeyHash = TestRounds.ModelHash } },
        { "HelperKeyHash", TwoServers with { HelperKeyHash = new byte[32] } },
        { "Degree", TwoServers with { Degree = 2 } },
        { "Threshold", TwoServers with { Threshold = 2 } },
        { "QuorumPpm", TwoServers with { QuorumPpm = 1 } },
        { "Durations", TwoServers with { Durations = StageDurations.Each(TestRounds.StageTime) } },
    };

    private static RoundConfiguration TwoServers => Valid with
    {
        Mode = AggregationMode.TwoServers,
        Degree = 0,
        Threshold = 0,
        QuorumPpm = 0,
        HelperKeyHash = TestRounds.ModelHash,
        Durations = StageDurations.Window(TestRounds.StageTime),
    };

    [Fact]
    public void Encoding_and_decoding_return_the_same()
    {
        foreach (
            var configuration in (RoundConfiguration[])[Valid, TwoServers, Valid with { Noise = NoiseKind.Skellam, NoiseSigma = 1.25 }])
        {
            var decoded = RoundConfiguration.Decode(configuration.Encode());
            Assert.Equal(configuration, decoded);
            Assert.Equal(configuration.Encode(), decoded.Encode());
        }
    }

    [Theory]
    [MemberData(nameof(Invalid))]
    public void A_contradiction_is_refused_by_name(string field, RoundConfiguration configuration)
    {
        var exception = Assert.Throws<RefusalException>(configuration.Encode);
        Assert.Equal(RefusalReason.ConfigurationInvalid, exception.Reason);
        Assert.StartsWith(field + " ", exception.Problem, StringComparison.Ordinal);
    }

    [Fact]
    public void Every_single_change_gives_another_session()
    {
        RoundConfiguration[] variants =
        [
            Valid, TwoServers, Valid with { Task = "other" }, Valid with { Round = 2 }, Valid with { ModelHash = new byte[32] },
            Valid with { AdapterSchemaHash = new byte[32] }, Valid with { Dimension = 999 }, Valid with { Bits = 24 },
            Valid with { Clip = 2 },
            Valid with { Scale = 10 }, Valid with { Noise = NoiseKind.Skellam, NoiseSigma = 1 },
            Valid with { Noise = NoiseKind.DiscreteGaussian, NoiseSigma = 1 },
            Valid with { Noise = NoiseKind.Skellam, NoiseSigma = 2 }, Valid with { MinimumDevices = 11 },
            Valid with { MaximumDevices = 21 },
            Valid with { Degree = 36 }, Valid with { Threshold = 6 }, Valid with { CorruptPpm = 99_999 }, Valid with { DropoutPpm = 1 },
            Valid with { QuorumPpm = 550_001 }, Valid with { LedgerUnit = "other" },
            .. Enumerable.Range(0, StageDurations.Count).Select(i => Valid with { Durations = Longer(i) }),
        ];
        var sessions = variants.Select(variant => SessionId.Derive(variant, new byte[32])).ToHashSet();
        sessions.Add(SessionId.Derive(Valid, [.. new byte[31], 1]));
        Assert.Equal(variants.Length + 1, sessions.Count);
    }

    [Theory]
    // floor((1 + 0.1) n / 2) + 1, computed by hand: 55, 110 and 18.7 rounded down, plus one.
    [InlineData(100, 56)]
    [InlineData(200, 111)]
    [InlineData(34, 19)]
    public void The_quorum_is_that_of_the_specification(int count, int quorum) => Assert.Equal(quorum, Valid.Quorum(count));

    [Fact]
    public void Guaranteed_noise_counts_no_corrupt_device()
    {
        // n_min = 10, of which 10 % of n_max = 20 may be corrupt: eight shares of variance 9.
        var configuration = Valid with { Noise = NoiseKind.Skellam, NoiseSigma = 3 };
        Assert.Equal(Math.Sqrt(8 * 9), configuration.GuaranteedNoiseSigma, 12);
    }

    private static StageDurations Longer(int stage)
    {
        var stages = Enumerable.Repeat(TestRounds.StageTime, StageDurations.Count).ToArray();
        stages[stage] += TimeSpan.FromMilliseconds(1);
        return new StageDurations(stages[0], stages[1], stages[2], stages[3], stages[4], stages[5]);
    }
}
