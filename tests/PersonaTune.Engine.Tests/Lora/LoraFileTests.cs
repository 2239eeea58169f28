using System.Text;
using PersonaTune.Engine.Formats;
using PersonaTune.Engine.Lora;
using PersonaTune.Engine.Models;
using PersonaTune.Engine.Tests.Layers;

namespace PersonaTune.Engine.Tests.Lora;

public sealed class LoraFileTests
{
    private readonly DecoderModel _model = TinyModel.Create(vocabulary: 32);

    private static readonly LoraConfig Everything = new()
    {
        Rank = 4,
        Alpha = 6.1f,
        Targets = TinyModel.AllTargets,
        RankPattern = new Dictionary<LoraTarget, int> { [LoraTarget.Value] = 9 },
        AlphaPattern = new Dictionary<LoraTarget, float> { [LoraTarget.Up] = 0.3f },
        RankStabilized = true,
        Dropout = 0.1f,
        FreezeA = true,
        Seed = string.Concat(Enumerable.Repeat("0f", 32)),
    };

    [Fact]
    public void Safetensors_round_trip_keeps_every_bit_and_setting()
    {
        var adapter = TinyModel.Adapter(_model, Everything);
        var bytes = LoraSafetensors.Write(adapter);
        var read = LoraSafetensors.Read(bytes);
        Assert.Equal(bytes, LoraSafetensors.Write(read));
        Assert.Equal(adapter.BaseDigest, read.BaseDigest);
        Assert.Equal(Everything.Targets, read.Config.Targets);
        Assert.Equal(Everything.RankPattern, read.Config.RankPattern);
        Assert.Equal(Everything.AlphaPattern, read.Config.AlphaPattern);
        Assert.Equal((Everything.Rank, Everything.Alpha, true, 0.1f, true, Everything.Seed),
            (read.Config.Rank, read.Config.Alpha, read.Config.RankStabilized, read.Config.Dropout, read.Config.FreezeA, read.Config.Seed));
        AssertSame(adapter, read, 0);
    }

    [Fact]
    public void Gguf_round_trip_computes_the_same_update_though_it_knows_one_alpha_alone()
    {
        var adapter = TinyModel.Adapter(_model, Everything);
        using var file = GgufFile.FromBytes(LoraGguf.Write(adapter, _model));
        Assert.Equal("adapter", file.Metadata.GetString("general.type"));
        Assert.Equal("lora", file.Metadata.GetString("adapter.type"));
        Assert.Equal(6.1f, file.Metadata.GetSingle("adapter.lora.alpha"));
        Assert.Equal([24L, 9L], file.GetTensor("blk.1.attn_v.weight.lora_a").Shape);
        Assert.Equal([9L, 12L], file.GetTensor("blk.1.attn_v.weight.lora_b").Shape);
        AssertSame(adapter, LoraGguf.Read(file, _model), 1e-6f);
    }

    [Fact]
    public void The_peers_file_is_read_and_written_back_unchanged()
    {
        using var model = ModelLoader.Load(SharedData.Reference("models", "llama.gguf"));
        var adapter = LoraGguf.Read(SharedData.Reference("models", "llama-lora.gguf"), model);
        Assert.Equal(8, adapter.Pairs().Count());
        Assert.All(adapter.Pairs(), entry => Assert.Equal((4, 2f), (entry.Pair.Rank, entry.Pair.Scale)));
        using var again = GgufFile.FromBytes(LoraGguf.Write(adapter, model));
        AssertSame(adapter, LoraGguf.Read(again, model), 0);
    }

    [Fact]
    public void An_adapter_of_another_base_is_refused_by_name()
    {
        var folder = Directory.CreateTempSubdirectory();
        try
        {
            var adapter = TinyModel.Adapter(_model, new LoraConfig());
            var path = Path.Combine(folder.FullName, "me.safetensors");
            LoraSafetensors.Write(adapter, path);
            AssertSame(adapter, LoraSafetensors.Read(path, _model), 0);
            var other = TinyModel.Create(vocabulary: 32, digest: new string('c', 64));
            var mismatch = Assert.Throws<AdapterMismatchException>(() => LoraSafetensors.Read(path, other));
            Assert.Contains(path, mismatch.Message, StringComparison.Ordinal);
            Assert.Contains(new string('a', 64), mismatch.Message, StringComparison.Ordinal);
            Assert.Contains(new string('c', 64), mismatch.Message, StringComparison.Ordinal);
            using var gguf = GgufFile.FromBytes(LoraGguf.Write(adapter, _model), "me.gguf");
            Assert.Contains("me.gguf", Assert.Throws<AdapterMismatchException>(() => LoraGguf.Read(gguf, other)).Message, StringComparison.Ordinal);
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    [Fact]
    public void Other_shapes_blocks_and_missing_pairs_are_refused()
    {
        var foreign = new LoraAdapter(new LoraConfig(), 2, "");
        Assert.Contains("no pair", Assert.Throws<AdapterMismatchException>(() => LoraCompatibility.Demand(foreign, _model)).Message, StringComparison.Ordinal);
        foreign[1, LoraTarget.Key] = new LoraPair(1, 24, 24, 1f, new float[24], new float[24]);
        Assert.Contains("blk.1.attn_k.weight", Assert.Throws<AdapterMismatchException>(() => LoraCompatibility.Demand(foreign, _model)).Message, StringComparison.Ordinal);
        Assert.Throws<AdapterMismatchException>(() => LoraCompatibility.Demand(new LoraAdapter(new LoraConfig(), 3, ""), _model));
    }

    [Fact]
    public void A_model_is_no_adapter()
    {
        using var model = ModelLoader.Load(SharedData.Reference("models", "llama.gguf"));
        var error = Assert.Throws<FileFormatException>(() => LoraGguf.Read(SharedData.Reference("models", "llama.gguf"), model));
        Assert.Contains("is this a model", error.Message, StringComparison.Ordinal);
        using var wide = ModelLoader.Load(SharedData.Reference("models", "wide-Q8_0.gguf"));
        Assert.Throws<AdapterMismatchException>(() => LoraGguf.Read(SharedData.Reference("models", "llama-lora.gguf"), wide));
    }

    public static TheoryData<string, string> BadMetadata => new()
    {
        { "\"format\":\"personatune.lora\"", "\"format\":\"personatune.lore\"" },
        { "\"version\":\"1\"", "\"version\":\"9\"" },
        { "\"block_count\":\"2\"", "\"block_count\":\"0\"" },
        { "\"block_count\":\"2\"", "\"block_count\":\"-\"" },
        { "\"block_count\":\"2\"", "\"block_count\":\"1\"" },
        { new string('a', 64), new string('z', 64) },
        { "blk.0.attn_q.weight.lora_a", "blk.0.attn_x.weight.lora_a" },
        { "blk.0.attn_q.weight.lora_b", "blk.0.attn_q.weight.lora_c" },
        { "Query", "Quarz" },
        { "\\\"rank\\\":8", "\\\"rank\\\":0" },
        { "\\\"dropout\\\":0", "\\\"dropout\\\":2" },
        { "[8,24]", "[24,8]" },
    };

    [Theory]
    [MemberData(nameof(BadMetadata))]
    public void Each_way_in_which_a_file_can_lie_is_refused(string found, string replacement)
    {
        var bytes = LoraSafetensors.Write(TinyModel.Adapter(_model, new LoraConfig { Targets = [LoraTarget.Query] }));
        var text = Encoding.Latin1.GetString(bytes).Replace("\\u0022", "\\\"", StringComparison.Ordinal);
        Assert.Contains(found, text, StringComparison.Ordinal);
        var header = (int)BitConverter.ToInt64(bytes);
        var changed = Encoding.Latin1.GetString(bytes, 8, header).Replace("\\u0022", "\\\"", StringComparison.Ordinal).Replace(found, replacement, StringComparison.Ordinal);
        byte[] lie = [.. BitConverter.GetBytes((long)changed.Length), .. Encoding.Latin1.GetBytes(changed), .. bytes[(8 + header)..]];
        Assert.Throws<FileFormatException>(() => LoraSafetensors.Read(lie));
    }

    [Fact]
    public void Numbers_that_are_not_finite_are_refused()
    {
        var adapter = TinyModel.Adapter(_model, new LoraConfig());
        adapter[0, LoraTarget.Query]!.B[3] = float.NaN;
        Assert.Throws<FileFormatException>(() => LoraSafetensors.Read(LoraSafetensors.Write(adapter)));
    }

    private static void AssertSame(LoraAdapter expected, LoraAdapter actual, float tolerance)
    {
        Assert.Equal(expected.Pairs().Select(entry => (entry.Block, entry.Target)), actual.Pairs().Select(entry => (entry.Block, entry.Target)));
        foreach (var ((_, _, one), (_, _, other)) in expected.Pairs().Zip(actual.Pairs()))
        {
            Assert.Equal(one.A, other.A);
            if (tolerance == 0) Assert.Equal(one.Scale, other.Scale);
            for (var i = 0; i < one.B.Length; i++)
                Assert.InRange(other.B[i] * other.Scale - one.B[i] * one.Scale, -tolerance * Math.Abs(one.B[i] * one.Scale), tolerance * Math.Abs(one.B[i] * one.Scale));
        }
    }
}
