using System.Security.Cryptography;
using System.Text;
using PersonaTune.Engine.Lora;
using PersonaTune.Engine.Tests.Layers;

namespace PersonaTune.Engine.Tests.Lora;

public sealed class LoraInitializationTests
{
    [Fact]
    public void A_follows_the_documented_stream()
    {
        var seed = Enumerable.Range(0, 32).Select(i => (byte)i).ToArray();
        var a = new float[20];
        LoraInitialization.Draw(seed, "blk.0.attn_q.weight", 0.25f, a);
        for (var i = 0; i < a.Length; i++)
        {
            byte[] message = [.. seed, .. Encoding.ASCII.GetBytes("PersonaTune LoRA A 1blk.0.attn_q.weight"), .. BitConverter.GetBytes((long)(i / 8))];
            var word = BitConverter.ToUInt32(SHA256.HashData(message), i % 8 * 4);
            Assert.Equal((word / 256 / 8388608f - 1f) * 0.25f, a[i]);
        }
    }

    [Fact]
    public void A_is_uniform_with_Kaimings_bound_and_B_is_zero()
    {
        var model = TinyModel.Create(dim: 64, vocabulary: 16);
        var adapter = LoraInitialization.Create(model, new LoraConfig { Rank = 256, Targets = [LoraTarget.Query, LoraTarget.Key] });
        Assert.Equal(4, adapter.Pairs().Count());
        foreach (var (_, _, pair) in adapter.Pairs())
        {
            Assert.All(pair.A, value => Assert.InRange(value, -0.125f, 0.125f));
            // Mean and variance of 16,384 uniform values, five standard deviations; the seed is fixed.
            Assert.InRange(pair.A.Average(), -0.0029f, 0.0029f);
            Assert.InRange(pair.A.Average(value => value * value) / (0.125 * 0.125 / 3), 0.965, 1.035);
            Assert.All(pair.B, value => Assert.Equal(0f, value));
        }
    }

    [Fact]
    public void The_first_rows_of_a_larger_rank_are_the_smaller_rank()
    {
        var model = TinyModel.Create();
        var small = LoraInitialization.Create(model, new LoraConfig { Rank = 3 })[1, LoraTarget.Value]!.A;
        var large = LoraInitialization.Create(model, new LoraConfig { Rank = 8 })[1, LoraTarget.Value]!.A;
        Assert.Equal(small, large[..small.Length]);
    }

    [Fact]
    public void Scales_follow_rank_alpha_and_patterns()
    {
        var config = new LoraConfig
        {
            Rank = 16,
            Alpha = 8,
            RankPattern = new Dictionary<LoraTarget, int> { [LoraTarget.Up] = 4 },
            AlphaPattern = new Dictionary<LoraTarget, float> { [LoraTarget.Up] = 12 },
        };
        Assert.Equal(0.5f, LoraShapes.Scale(config, LoraTarget.Query));
        Assert.Equal(3f, LoraShapes.Scale(config, LoraTarget.Up));
        Assert.Equal(2f, LoraShapes.Scale(config with { RankStabilized = true }, LoraTarget.Query));
        Assert.Equal(6f, LoraShapes.Scale(config with { RankStabilized = true }, LoraTarget.Up));
    }

    [Fact]
    public void Settings_out_of_range_are_refused()
    {
        var model = TinyModel.Create();
        Assert.Throws<ArgumentException>(() => LoraInitialization.Create(model, new LoraConfig { Rank = 0 }));
        Assert.Throws<ArgumentException>(() => LoraInitialization.Create(model, new LoraConfig { Rank = 513 }));
        Assert.Throws<ArgumentException>(() => LoraInitialization.Create(model, new LoraConfig { Alpha = float.NaN }));
        Assert.Throws<ArgumentException>(() => LoraInitialization.Create(model, new LoraConfig { Targets = [] }));
        Assert.Throws<ArgumentException>(() => LoraInitialization.Create(model, new LoraConfig { Targets = [LoraTarget.Key, LoraTarget.Key] }));
        Assert.Throws<ArgumentException>(() => LoraInitialization.Create(model, new LoraConfig { Seed = "00" }));
    }
}
