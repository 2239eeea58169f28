using System.Security.Cryptography;
using PersonaTune.Privacy.SecureAggregation;
using PersonaTune.Privacy.SecureAggregation.Rounds;

namespace PersonaTune.Privacy.Tests.SecureAggregation.Protocol;

/// <summary>Configurations for tests. Coordinates lie in [-101, 101], so that 300 of them fit into 16 bits.</summary>
internal static class TestRounds
{
    public static readonly TimeSpan StageTime = TimeSpan.FromMinutes(1);

    public static byte[] ModelHash { get; } = SHA256.HashData("model"u8);

    public static byte[] SchemaHash { get; } = SHA256.HashData("schema"u8);

    /// <summary>A round whose graph is complete up to 35 devices.</summary>
    public static RoundConfiguration Of(int minimum, int maximum, int dimension, int threshold = 2, int degree = 34, int bits = 20) => new()
    {
        Task = "test",
        Round = 1,
        ModelHash = ModelHash,
        AdapterSchemaHash = SchemaHash,
        Dimension = dimension,
        Bits = bits,
        Clip = 1,
        Scale = 100,
        MinimumDevices = minimum,
        MaximumDevices = maximum,
        Degree = degree,
        Threshold = threshold,
        CorruptPpm = 100_000,
        DropoutPpm = 300_000,
        QuorumPpm = 550_000,
        Durations = StageDurations.Each(StageTime),
        LedgerUnit = "device",
    };

    /// <summary>The degree and threshold that the protocol's own rule gives for a full cohort.</summary>
    public static RoundConfiguration Recommended(int minimum, int count, int dimension, int bits = 20)
    {
        var graph = GraphParameters.For(count, 0.1, 0.3);
        return Of(minimum, count, dimension, graph.Threshold, graph.Degree + graph.Degree % 2, bits);
    }

    public static int[] Values(int dimension, Random random)
    {
        var values = new int[dimension];
        foreach (ref var value in values.AsSpan()) value = random.Next(-101, 102);
        return values;
    }
}
