using System.Text.Json.Nodes;
using PersonaTune.Engine.Formats;
using PersonaTune.Engine.Inference;
using PersonaTune.Engine.Kernels;
using PersonaTune.Engine.Lora;
using PersonaTune.Engine.Models;
using PersonaTune.Engine.Tests.Inference;
using PersonaTune.Engine.Tests.Layers;
using PersonaTune.Engine.Vision;

namespace PersonaTune.Engine.Tests.Lora;

/// <summary>PEFT folders against the reference adapter, which exists in PEFT's and llama.cpp's format, and bad ones.</summary>
public sealed class PeftAdapterTests : IDisposable
{
    private static readonly string Reference = SharedData.Reference("models", "llama-lora-peft");

    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory();
    private readonly DecoderModel _model = ReferenceModels.Load("llama");

    [Fact]
    public void Both_reference_files_are_the_same_adapter()
    {
        var (peft, gguf) = (PeftAdapter.Read(Reference, _model), ReferenceModels.Adapter(_model));
        Same(gguf, peft);
    }

    [Theory]
    [InlineData(1f, "llama-lora")]
    [InlineData(0.5f, "llama-lora-half")]
    public void The_imported_adapter_gives_the_peers_logits(float scale, string name)
    {
        using var pool = new WorkerPool(2);
        using var session = new DecoderSession(_model, pool, null, AdapterStack.Of(PeftAdapter.Read(Reference, _model), scale));
        Assert.InRange(ReferenceModels.Largest(session.Logits(ReferenceModels.Ids), ReferenceModels.Floats(name + ".logits.f32")), 0, 1e-3f);
    }

    [Fact]
    public void The_export_equals_the_reference_tensor_by_tensor()
    {
        PeftAdapter.Write(ReferenceModels.Adapter(_model), _model, At("out"));
        using var expected = SafetensorsFile.Open(Path.Combine(Reference, "adapter_model.safetensors"), SafetensorsOptions.Adapter);
        using var actual = SafetensorsFile.Open(Path.Combine(At("out"), "adapter_model.safetensors"), SafetensorsOptions.Adapter);
        Assert.Equal(expected.Tensors.Select(tensor => (tensor.Name, tensor.Type, tensor.ShapeText)), actual.Tensors.Select(tensor => (tensor.Name, tensor.Type, tensor.ShapeText)));
        foreach (var tensor in expected.Tensors) Assert.Equal(expected.GetBytes(tensor.Name).ToArray(), actual.GetBytes(tensor.Name).ToArray());
        var (wanted, found) = (Config(Reference), Config(At("out")));
        foreach (var key in new[] { "r", "lora_alpha", "target_modules", "rank_pattern", "alpha_pattern", "use_rslora", "use_dora", "bias", "peft_type", "fan_in_fan_out" })
            Assert.Equal(wanted[key]!.ToJsonString().Replace("8.0", "8", StringComparison.Ordinal), found[key]!.ToJsonString());
    }

    [Fact]
    public void The_gguf_export_equals_the_reference_tensor_by_tensor()
    {
        using var expected = GgufFile.Open(SharedData.Reference("models", "llama-lora.gguf"));
        using var actual = GgufFile.FromBytes(LoraGguf.Write(PeftAdapter.Read(Reference, _model), _model));
        Assert.Equal(expected.Metadata.GetSingle("adapter.lora.alpha"), actual.Metadata.GetSingle("adapter.lora.alpha"));
        Assert.Equal(expected.Tensors.Select(tensor => tensor.Name).Order(StringComparer.Ordinal), actual.Tensors.Select(tensor => tensor.Name).Order(StringComparer.Ordinal));
        foreach (var tensor in expected.Tensors)
        {
            Assert.Equal((tensor.Type, tensor.ShapeText), (actual.GetTensor(tensor.Name).Type, actual.GetTensor(tensor.Name).ShapeText));
            Assert.Equal(expected.GetBytes(tensor.Name).ToArray(), actual.GetBytes(tensor.Name).ToArray());
        }
    }

    [Theory]
    [InlineData(false, false)]
    [InlineData(true, false)]
    [InlineData(false, true)]
    [InlineData(true, true)]
    public void Patterns_rank_stabilization_and_magnitudes_come_back_bit_by_bit(bool stabilized, bool dora)
    {
        var model = TinyModel.Create(vocabulary: 32);
        var adapter = Mixed(model, stabilized, dora);
        PeftAdapter.Write(adapter, model, At("mixed"));
        Same(adapter, PeftAdapter.Read(At("mixed"), model));
        Assert.Equal(stabilized, (bool)Config(At("mixed"))["use_rslora"]!);
        Assert.Equal(dora, (bool)Config(At("mixed"))["use_dora"]!);
        // A layer of one block alone is named by its path, so that PEFT does not adapt that layer of the others.
        Assert.Contains("model.layers.1.mlp.down_proj", Config(At("mixed"))["target_modules"]!.AsArray().Select(node => (string)node!));
    }

    [Fact]
    public void Patterns_match_as_peft_matches_them()
    {
        PeftAdapter.Write(ReferenceModels.Adapter(_model), _model, At("patterns"));
        Change("patterns", config =>
        {
            config["alpha_pattern"] = new JsonObject { ["layers.0.*v_proj"] = 2.0, ["o_proj"] = 12, ["model.layers.1.self_attn.q_proj"] = 3.5 };
            config["use_rslora"] = true;
        });
        var adapter = PeftAdapter.Read(At("patterns"), _model);
        Assert.Equal(1f, adapter[0, LoraTarget.Value]!.Scale);
        Assert.Equal(4f, adapter[1, LoraTarget.Value]!.Scale);
        Assert.Equal(6f, adapter[0, LoraTarget.Output]!.Scale);
        Assert.Equal(1.75f, adapter[1, LoraTarget.Query]!.Scale);
        Assert.Equal(4f, adapter[0, LoraTarget.Query]!.Scale);
    }

    [Fact]
    public void Scales_that_gguf_cannot_say_are_folded_and_compute_the_same()
    {
        using var pool = new WorkerPool(2);
        var model = TinyModel.Create(vocabulary: 32);
        var adapter = Mixed(model, stabilized: true, dora: false);
        using var file = GgufFile.FromBytes(LoraGguf.Write(adapter, model));
        Assert.InRange(ReferenceModels.RelativeRms(Logits(model, pool, LoraGguf.Read(file, model)), Logits(model, pool, adapter)), 0, 1e-6);
    }

    [Fact]
    public void An_existing_folder_is_kept_unless_it_may_be_replaced()
    {
        var adapter = ReferenceModels.Adapter(_model);
        PeftAdapter.Write(adapter, _model, At("again"));
        Assert.Contains("not empty", Assert.Throws<IOException>(() => PeftAdapter.Write(adapter, _model, At("again"))).Message, StringComparison.Ordinal);
        PeftAdapter.Write(adapter, _model, At("again"), new PeftExportOptions { Overwrite = true, BaseModel = "my/model" });
        Assert.Equal("my/model", (string)Config(At("again"))["base_model_name_or_path"]!);
        Directory.CreateDirectory(At("other"));
        File.WriteAllText(Path.Combine(At("other"), "notes.txt"), "mine");
        Assert.Throws<IOException>(() => PeftAdapter.Write(adapter, _model, At("other"), new PeftExportOptions { Overwrite = true }));
        Assert.Equal(["again", "other"], _folder.GetFileSystemInfos().Select(entry => entry.Name).Order(StringComparer.Ordinal));
    }

    public static TheoryData<string, string, string> BadSettings() => new()
    {
        { "peft_type", "\"IA3\"", "peft_type" },
        { "bias", "\"all\"", "bias" },
        { "modules_to_save", "[\"lm_head\"]", "modules_to_save" },
        { "fan_in_fan_out", "true", "fan_in_fan_out" },
        { "r", "0", "r must be" },
        { "r", "5", "rank 4 but adapter_config.json says 5" },
        { "r", "1000000000000", "r must be" },
        { "lora_alpha", "-1", "lora_alpha" },
        { "lora_alpha", "1e400", "lora_alpha" },
        { "lora_alpha", "\"8\"", "no valid adapter configuration" },
        { "use_dora", "true", "magnitude" },
        { "use_dora", "1", "use_dora" },
        { "lora_bias", "true", "lora_bias" },
        { "layer_replication", "[[0,1]]", "layer_replication" },
        { "rank_pattern", "{\"q_proj\": 7}", "says 7" },
        { "rank_pattern", "[]", "rank_pattern" },
        { "alpha_pattern", "{\"(\": 7}", "no regular expression" },
        { "alpha_pattern", "{\"(?=q)q_proj\": 7}", "look-around" },
        { "alpha_pattern", "{\"\": 7}", "characters" },
        { "lora_dropout", "1", "lora_dropout" },
        { "target_modules", "null", "target_modules" },
    };

    [Theory]
    [MemberData(nameof(BadSettings))]
    public void A_setting_that_is_wrong_or_unknown_is_named(string key, string value, string part)
    {
        PeftAdapter.Write(ReferenceModels.Adapter(_model), _model, At("bad"));
        var path = Path.Combine(At("bad"), "adapter_config.json");
        var config = JsonNode.Parse(File.ReadAllText(path))!.AsObject();
        config.Remove(key);
        File.WriteAllText(path, config.ToJsonString().Insert(1, $"\"{key}\": {value}, "));
        var error = Assert.Throws<FileFormatException>(() => PeftAdapter.Read(At("bad"), _model));
        Assert.Contains(part, error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_hostile_pattern_takes_no_time()
    {
        PeftAdapter.Write(ReferenceModels.Adapter(_model), _model, At("slow"));
        Change("slow", config => config["alpha_pattern"] = new JsonObject { ["(a*)*(.*)*(.*)*(.*)*b"] = 3 });
        Same(ReferenceModels.Adapter(_model), PeftAdapter.Read(At("slow"), _model));
    }

    [Fact]
    public void Tensors_that_do_not_fit_are_named()
    {
        float[] a = new float[4 * 128], b = new float[64 * 4];
        Mismatch("no layer of this model", writer => Pair(writer, "base_model.model.model.layers.9.self_attn.k_proj", a, b));
        Mismatch("no layer of this model", writer => Pair(writer, "base_model.model.model.layers.0.mlp.k_proj", a, b));
        Mismatch("shape", writer => Pair(writer, "base_model.model.model.layers.0.self_attn.v_proj", a[..256], b, 64));
        Refused("no lora_B", writer => writer.Add("base_model.model.model.layers.0.self_attn.k_proj.lora_A.weight", [4, 128], a));
        Refused("does not begin with", writer => Pair(writer, "model.layers.0.self_attn.k_proj", a, b));
        Refused("no part of a LoRA pair", writer => writer.Add("base_model.model.model.embed_tokens.lora_embedding_A", [4, 128], a));
        Refused("occurs twice", writer =>
        {
            Pair(writer, "base_model.model.model.layers.0.self_attn.k_proj", a, b);
            writer.Add("base_model.model.model.layers.0.self_attn.k_proj.lora_A.default.weight", [4, 128], a);
        });
        Refused("not finite", writer => Pair(writer, "base_model.model.model.layers.0.self_attn.k_proj", [.. a[1..], float.NaN], b));
        Refused("one rank", writer => Pair(writer, "base_model.model.model.layers.0.self_attn.k_proj", a, b[..128], 128, 2));
        Refused("has no pairs", _ => { });
        File.Delete(Path.Combine(At("tensors"), "adapter_model.safetensors"));
        Assert.Contains("missing", Assert.Throws<FileFormatException>(() => PeftAdapter.Read(At("tensors"), _model)).Message, StringComparison.Ordinal);
        Assert.Contains("missing", Assert.Throws<FileFormatException>(() => PeftAdapter.Read(_folder.FullName, _model)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void An_mlx_folder_is_the_same_adapter_transposed()
    {
        Directory.CreateDirectory(At("mlx"));
        File.WriteAllText(Path.Combine(At("mlx"), "adapter_config.json"), """{"fine_tune_type": "lora", "num_layers": 2, "lora_parameters": {"rank": 4, "scale": 2.0, "dropout": 0.0}}""");
        var writer = new SafetensorsWriter();
        using (var peft = SafetensorsFile.Open(Path.Combine(Reference, "adapter_model.safetensors"), SafetensorsOptions.Adapter))
            foreach (var tensor in peft.Tensors)
            {
                var (rows, columns) = ((int)tensor.Shape[0], (int)tensor.Shape[1]);
                var (values, transposed) = (peft.GetFloats(tensor.Name), new float[rows * columns]);
                for (var r = 0; r < rows; r++)
                    for (var c = 0; c < columns; c++) transposed[c * rows + r] = values[r * columns + c];
                writer.Add(tensor.Name["base_model.model.".Length..].Replace("lora_A.weight", "lora_a", StringComparison.Ordinal).Replace("lora_B.weight", "lora_b", StringComparison.Ordinal), [columns, rows], transposed);
            }

        writer.Write(Path.Combine(At("mlx"), "adapters.safetensors"));
        Assert.Equal(AdapterFormat.Mlx, AdapterFiles.Detect(At("mlx")));
        Same(ReferenceModels.Adapter(_model), AdapterFiles.Read(At("mlx"), _model));
        File.WriteAllText(Path.Combine(At("mlx"), "adapter_config.json"), """{"fine_tune_type": "dora", "scale": 2.0}""");
        Assert.Contains("dora", Assert.Throws<FileFormatException>(() => AdapterFiles.Read(At("mlx"), _model)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Adapters_of_a_vision_transformer_travel_too()
    {
        using var encoder = PhotoEncoder.Open(SharedData.Reference("vision", "photo-base-f16.gguf"));
        var random = new Random(2);
        var adapter = new LoraAdapter(new LoraConfig { Rank = 3, Alpha = 6 }, encoder.BlockCount, string.Empty);
        foreach (var layer in encoder.Layers.Where(layer => layer.Target != LoraTarget.Up || layer.Block == 4))
            adapter[layer.Block, layer.Target] = new LoraPair(3, layer.Inputs, layer.Outputs, 2f, Values(3 * layer.Inputs), Values(3 * layer.Outputs));
        PeftAdapter.Write(adapter, encoder, At("vit"));
        Same(adapter, PeftAdapter.Read(At("vit"), encoder));
        using (var file = SafetensorsFile.Open(Path.Combine(At("vit"), "adapter_model.safetensors"), SafetensorsOptions.Adapter))
            Assert.Equal(adapter[5, LoraTarget.Query]!.B, file.GetFloats("base_model.model.vit.encoder.layer.5.attention.attention.query.lora_B.weight"));
        var targets = Config(At("vit"))["target_modules"]!.AsArray().Select(node => (string)node!).ToArray();
        // "output.dense" alone would name the attention's output too.
        Assert.Equal(["query", "key", "value", "attention.output.dense", "vit.encoder.layer.4.intermediate.dense", .. Enumerable.Range(0, 6).Select(i => $"vit.encoder.layer.{i}.output.dense")], targets);
        Assert.Contains("no layer of this model", Assert.Throws<AdapterMismatchException>(() => PeftAdapter.Read(At("vit"), _model)).Message, StringComparison.Ordinal);
        Assert.Throws<AdapterMismatchException>(() => PeftAdapter.Read(Reference, encoder));

        float[] Values(int count) => [.. Enumerable.Range(0, count).Select(_ => (float)random.NextDouble() - 0.5f)];
    }

    public void Dispose()
    {
        _model.Dispose();
        _folder.Delete(recursive: true);
    }

    internal static LoraAdapter Mixed(DecoderModel model, bool stabilized, bool dora)
    {
        var adapter = TinyModel.Adapter(model, new LoraConfig
        {
            Rank = 4,
            Alpha = 6.1f,
            Targets = TinyModel.AllTargets,
            RankPattern = new Dictionary<LoraTarget, int> { [LoraTarget.Value] = 9 },
            AlphaPattern = new Dictionary<LoraTarget, float> { [LoraTarget.Up] = 0.3f },
            RankStabilized = stabilized,
        });
        adapter[0, LoraTarget.Down] = null;
        if (!dora) return adapter;
        var random = new Random(8);
        foreach (var (block, target, pair) in adapter.Pairs().ToArray())
            adapter[block, target] = new LoraPair(pair.Rank, pair.Inputs, pair.Outputs, pair.Scale, pair.A, pair.B, [.. Enumerable.Range(0, pair.Outputs).Select(_ => 0.5f + (float)random.NextDouble())]);
        return adapter;
    }

    internal static void Same(LoraAdapter expected, LoraAdapter actual)
    {
        var (left, right) = (expected.Pairs().ToArray(), actual.Pairs().ToArray());
        Assert.Equal(left.Select(entry => (entry.Block, entry.Target, entry.Pair.Rank, entry.Pair.Inputs, entry.Pair.Outputs, entry.Pair.Scale)),
            right.Select(entry => (entry.Block, entry.Target, entry.Pair.Rank, entry.Pair.Inputs, entry.Pair.Outputs, entry.Pair.Scale)));
        for (var i = 0; i < left.Length; i++)
        {
            Assert.Equal(left[i].Pair.A, right[i].Pair.A);
            Assert.Equal(left[i].Pair.B, right[i].Pair.B);
            Assert.Equal(left[i].Pair.Magnitude, right[i].Pair.Magnitude);
        }
    }

    private static float[] Logits(DecoderModel model, WorkerPool pool, LoraAdapter adapter)
    {
        using var session = new DecoderSession(model, pool, new SessionOptions { Activations = ActivationPrecision.Exact }, AdapterStack.Of(adapter));
        return [.. session.Logits([1, 5, 9, 30, 2])];
    }

    private static JsonObject Config(string folder) => JsonNode.Parse(File.ReadAllText(Path.Combine(folder, "adapter_config.json")))!.AsObject();

    private static void Pair(SafetensorsWriter writer, string module, float[] a, float[] b, int inputs = 128, int rank = 4)
    {
        writer.Add(module + ".lora_A.weight", [a.Length / inputs, inputs], a);
        writer.Add(module + ".lora_B.weight", [b.Length / rank, rank], b);
    }

    private string At(string name) => Path.Combine(_folder.FullName, name);

    private void Change(string name, Action<JsonObject> change)
    {
        var config = Config(At(name));
        change(config);
        File.WriteAllText(Path.Combine(At(name), "adapter_config.json"), config.ToJsonString());
    }

    private T Failure<T>(Action<SafetensorsWriter> write) where T : Exception
    {
        Directory.CreateDirectory(At("tensors"));
        File.WriteAllText(Path.Combine(At("tensors"), "adapter_config.json"), """{"peft_type":"LORA","r":4,"lora_alpha":8,"target_modules":["k_proj","v_proj"]}""");
        var writer = new SafetensorsWriter();
        write(writer);
        writer.Write(Path.Combine(At("tensors"), "adapter_model.safetensors"));
        return Assert.Throws<T>(() => PeftAdapter.Read(At("tensors"), _model));
    }

    private void Refused(string part, Action<SafetensorsWriter> write) => Assert.Contains(part, Failure<FileFormatException>(write).Message, StringComparison.Ordinal);

    private void Mismatch(string part, Action<SafetensorsWriter> write) => Assert.Contains(part, Failure<AdapterMismatchException>(write).Message, StringComparison.Ordinal);
}
