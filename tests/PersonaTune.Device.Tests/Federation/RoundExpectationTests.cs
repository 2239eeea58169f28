using PersonaTune.Device.Federation;
using PersonaTune.Privacy.Mechanisms;
using PersonaTune.Privacy.SecureAggregation;
using PersonaTune.Privacy.SecureAggregation.Rounds;

namespace PersonaTune.Device.Tests.Federation;

/// <summary>A round that breaks one promise of the signed task is refused for it.</summary>
public sealed class RoundExpectationTests
{
    [Fact]
    public void A_round_that_keeps_every_promise_is_accepted_also_with_more_noise()
    {
        RoundExpectation.Check(FederationSample.Task(), Round());
        RoundExpectation.Check(FederationSample.Task(), Round() with { NoiseSigma = 2 * Round().NoiseSigma });
    }

    public static TheoryData<string> Terms => ["task", "model", "layout", "dimension", "width", "clip norm", "scale", "minimum cohort", "largest cohort", "corrupt rate", "dropout rate", "noise", "noise that"];

    [Theory]
    [MemberData(nameof(Terms))]
    public void A_round_that_breaks_one_promise_is_refused_for_it(string term)
    {
        var round = Round();
        round = term switch
        {
            "task" => round with { Task = "other" },
            "model" => round with { ModelHash = new byte[32] },
            "layout" => round with { AdapterSchemaHash = new byte[32] },
            "dimension" => round with { Dimension = 256 },
            "width" => round with { Bits = 32 },
            "clip norm" => round with { Clip = 2 },
            "scale" => round with { Scale = 10_000 },
            "minimum cohort" => round with { MinimumDevices = 33 },
            "largest cohort" => round with { MaximumDevices = 41 },
            "corrupt rate" => round with { CorruptPpm = 90_000 },
            "dropout rate" => round with { DropoutPpm = 290_000 },
            "noise" => round with { Noise = NoiseKind.DiscreteGaussian },
            _ => round with { NoiseSigma = round.NoiseSigma * 0.99 },
        };
        Assert.Contains(term, Assert.Throws<RefusalException>(() => RoundExpectation.Check(FederationSample.Task(), round)).Message, StringComparison.Ordinal);
    }

    private static RoundConfiguration Round()
    {
        var task = FederationSample.Task();
        var encoder = new UpdateEncoder(RoundExpectation.Encoding(task));
        return new RoundConfiguration
        {
            Task = task.Name,
            Round = 1,
            ModelHash = Convert.FromHexString(task.Adapter.BaseModelDigest),
            AdapterSchemaHash = Convert.FromHexString(task.Adapter.SchemaHash),
            Dimension = encoder.PaddedDimension,
            Bits = 24,
            Clip = 1,
            Scale = 20_000,
            Noise = NoiseKind.Skellam,
            NoiseSigma = 4 * encoder.L2Bound / Math.Sqrt(28), // 32 devices at least, 10 % of 40 may be corrupt
            MinimumDevices = 32,
            MaximumDevices = 40,
            Degree = 34,
            Threshold = 20,
            CorruptPpm = 100_000,
            DropoutPpm = 300_000,
            QuorumPpm = 550_000,
            Durations = StageDurations.Each(TimeSpan.FromMinutes(1)),
            LedgerUnit = "device",
        };
    }
}
