using PersonaTune.Engine.Formats;
using PersonaTune.Engine.Quantization;
using PersonaTune.Engine.Tensors;
using Xunit.Abstractions;

namespace PersonaTune.Engine.Tests.Quantization;

public class BlockEncodeTests(ITestOutputHelper output)
{
    public static TheoryData<TensorType> Types =>
    [
        TensorType.Q8_0, TensorType.Q4_0, TensorType.Q4_1, TensorType.Q5_0, TensorType.Q5_1, TensorType.Q4_K, TensorType.Q5_K, TensorType.Q6_K,
        TensorType.F16, TensorType.BF16, TensorType.F32,
    ];

    [SharedTheory("reference/models/wide.gguf")]
    [InlineData("Q8_0")]
    [InlineData("Q4_0")]
    [InlineData("Q4_1")]
    [InlineData("Q5_0")]
    [InlineData("Q5_1")]
    [InlineData("Q4_K_M")]
    [InlineData("Q5_K_M")]
    [InlineData("Q6_K")]
    public void ErrorIsNoLargerThanThePeers(string variant)
    {
        using var original = GgufFile.Open(SharedData.Shared("reference", "models", "wide.gguf"));
        using var quantized = GgufFile.Open(SharedData.Reference("models", $"wide-{variant}.gguf"));
        foreach (var group in quantized.Tensors.Where(t => t.Type.BlockSize() > 1).GroupBy(t => t.Type))
        {
            var (peers, ours) = (0.0, 0.0);
            foreach (var tensor in group)
            {
                var exact = original.GetFloats(tensor.Name);
                peers += SquaredError(exact, quantized.GetFloats(tensor.Name));
                ours += SquaredError(exact, RoundTrip(tensor.Type, exact));
            }

            output.WriteLine($"{variant} {group.Key}: RMS error {Math.Sqrt(ours / peers):F4} of the peer's");
            Assert.True(ours <= peers * 1.001, $"{group.Key}: squared error {ours:G6}, the peer's {peers:G6}");
        }
    }

    [Theory]
    [MemberData(nameof(Types))]
    public void EveryShapeOfDataSurvives(TensorType type)
    {
        var random = new Random(7);
        var n = 512;
        foreach (var (name, make) in new (string, Func<int, float>)[]
        {
            ("zero", _ => 0f),
            ("constant", _ => 0.75f),
            ("negative constant", _ => -0.75f),
            ("one outlier", i => i == 100 ? -30_000f : 0.001f * i),
            ("tiny", i => 1e-7f * (i % 7 - 3)),
            ("below f16", i => 1e-20f * (i % 7)),
            ("positive", _ => 1f + random.NextSingle()),
            ("largest", i => i % 2 == 0 ? 65_504f : -65_504f),
        })
        {
            var exact = Enumerable.Range(0, n).Select(make).ToArray();
            var decoded = RoundTrip(type, exact);
            var largest = exact.Max(MathF.Abs);
            for (var i = 0; i < n; i++)
            {
                // Half a step of 4 bits over both signs is a fifteenth; shared 6-bit scales may double it; f16 scales floor at about 1e-6.
                Assert.True(MathF.Abs(decoded[i] - exact[i]) <= 0.15f * largest + 1e-6f, $"{type}, {name}, {i}: {exact[i]} became {decoded[i]}");
            }
        }
    }

    [Theory]
    [MemberData(nameof(Types))]
    public void RoundingAgainChangesAlmostNothing(TensorType type)
    {
        var random = new Random(3);
        var exact = Enumerable.Range(0, 4096).Select(_ => random.NextSingle() - random.NextSingle()).ToArray();
        var once = RoundTrip(type, exact);
        var twice = RoundTrip(type, once);
        Assert.True(SquaredError(once, twice) <= 0.02 * SquaredError(exact, once) + 1e-12, $"{SquaredError(once, twice)} {SquaredError(exact, once)}");
    }

    [Fact]
    public void BFloat16RoundsToNearestEven()
    {
        var bytes = new byte[8];
        BlockCodec.Encode(TensorType.BF16, [1f + 1f / 256f, 1f + 3f / 256f, float.NaN, -1f], bytes);
        Assert.Equal([0x80, 0x3F, 0x82, 0x3F, 0xC0, 0xFF, 0x80, 0xBF], bytes);
    }

    [Theory]
    [InlineData(float.NaN)]
    [InlineData(float.PositiveInfinity)]
    [InlineData(-65_600f)]
    public void WhatF16CannotHoldIsRefused(float value)
    {
        var values = new float[256];
        values[17] = value;
        Assert.Throws<ArgumentException>(() => BlockCodec.Encode(TensorType.Q4_K, values, new byte[144]));
        Assert.Throws<ArgumentException>(() => BlockCodec.Encode(TensorType.F16, values, new byte[512]));
    }

    private static float[] RoundTrip(TensorType type, float[] values)
    {
        var bytes = new byte[type.RowBytes(values.Length)];
        BlockCodec.Encode(type, values, bytes);
        var decoded = new float[values.Length];
        BlockCodec.Decode(type, bytes, decoded);
        return decoded;
    }

    private static double SquaredError(float[] exact, float[] approximate)
    {
        var sum = 0.0;
        for (var i = 0; i < exact.Length; i++) sum += ((double)exact[i] - approximate[i]) * ((double)exact[i] - approximate[i]);
        return sum;
    }
}
