using PersonaTune.Protocol.Tasks;

namespace PersonaTune.Aggregator.Tests;

/// <summary>Small tasks.</summary>
internal static class TestTasks
{
    public const int Dimension = 40;

    public static string Hash(char digit) => new(digit, 64);

    /// <summary>A task of secure rounds for a few devices; no amplification, no over-selection.</summary>
    public static TaskDefinition Secure(int devices = 8, int cohortSize = 0, int minimum = 0, PrivacyKind privacy = PrivacyKind.None, int rounds = 2) => new(
        "digits", "Test.", rounds, DateTimeOffset.UnixEpoch, DateTimeOffset.UnixEpoch.AddYears(100),
        new AdapterTerms("vector", Hash('a'), Hash('b'), Dimension), new LocalTrainingTerms(1, 0, 0.1, 1), AggregationKind.Secure,
        new CohortTerms(
            devices, cohortSize == 0 ? devices : cohortSize, minimum == 0 ? (cohortSize == 0 ? devices : cohortSize) * 3 / 4 : minimum, OverSelection: 1, MaximumAttempts: 3, RecruitSeconds: 20, StageSeconds: 20,
            CollectSeconds: 20, CorruptPpm: 100_000, DropoutPpm: 200_000),
        new EncodingTerms(1, 1000, 24, Hash('0')),
        privacy == PrivacyKind.None
            ? new PrivacyTerms(PrivacyKind.None, 0, NoiseLaw.DiscreteGaussian, 1, 1e-5, 1, 0)
            : new PrivacyTerms(privacy, 2, NoiseLaw.Skellam, 1, 1e-5, 100, 100),
        new ServerTerms());

    /// <summary>The same with plain reports.</summary>
    public static TaskDefinition Plain(int devices = 8, PrivacyKind privacy = PrivacyKind.None, int rounds = 2)
    {
        var task = Secure(devices, privacy: privacy, rounds: rounds);
        return task with { Aggregation = AggregationKind.Plain };
    }
}
