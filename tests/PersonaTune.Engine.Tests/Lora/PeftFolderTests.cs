using System.Text.Json.Nodes;
using PersonaTune.Engine.Formats;
using PersonaTune.Engine.Inference;
using PersonaTune.Engine.Kernels;
using PersonaTune.Engine.Lora;
using PersonaTune.Engine.Models;
using PersonaTune.Engine.Tests.Inference;
using PersonaTune.Engine.Vision;

namespace PersonaTune.Engine.Tests.Lora;

/// <summary>What a PEFT export does to the folder it is given, and configurations whose adapters would silently compute something else.</summary>
public sealed class PeftFolderTests : IDisposable
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory();
    private readonly DecoderModel _model = ReferenceModels.Load("llama");
    private readonly LoraAdapter _adapter;

    public PeftFolderTests() => _adapter = ReferenceModels.Adapter(_model);

    [Fact]
    public void A_separator_at_the_end_changes_nothing()
    {
        var path = At("out") + Path.DirectorySeparatorChar;
        PeftAdapter.Write(_adapter, _model, path);
        PeftAdapter.Write(_adapter, _model, path, new PeftExportOptions { Overwrite = true });
        PeftAdapterTests.Same(_adapter, PeftAdapter.Read(path, _model));
        Assert.Equal(["out"], _folder.GetFileSystemInfos().Select(entry => entry.Name));
    }

    [Theory]
    [InlineData("README.md", false)]
    [InlineData("checkpoint-500", true)]
    [InlineData("adapter_model.safetensors.d", true)]
    public void Overwriting_never_deletes_what_is_not_the_adapters(string name, bool isFolder)
    {
        PeftAdapter.Write(_adapter, _model, At("mine"));
        var before = File.ReadAllBytes(Path.Combine(At("mine"), "adapter_model.safetensors"));
        if (isFolder) Directory.CreateDirectory(Path.Combine(At("mine"), name));
        else File.WriteAllText(Path.Combine(At("mine"), name), "mine");
        var other = ReferenceModels.Random(_model, 3, 2, 0.1f, LoraTarget.Up);
        Assert.Contains(name, Assert.Throws<IOException>(() => PeftAdapter.Write(other, _model, At("mine"), new PeftExportOptions { Overwrite = true })).Message, StringComparison.Ordinal);
        Assert.True(Path.Exists(Path.Combine(At("mine"), name)));
        Assert.Equal(before, File.ReadAllBytes(Path.Combine(At("mine"), "adapter_model.safetensors")));
        Assert.Equal(["mine"], _folder.GetFileSystemInfos().Select(entry => entry.Name));
    }

    [Theory]
    [InlineData("init_lora_weights", "\"pissa\"", "changes the base")]
    [InlineData("init_lora_weights", "\"pissa_niter_16\"", "changes the base")]
    [InlineData("init_lora_weights", "\"olora\"", "changes the base")]
    [InlineData("init_lora_weights", "\"corda\"", "changes the base")]
    [InlineData("init_lora_weights", "\"loftq\"", "changes the base")]
    [InlineData("init_lora_weights", "\"lora_ga\"", "changes the base")]
    [InlineData("init_lora_weights", "3", "no valid adapter configuration")]
    [InlineData("use_something_new", "true", "use_something_new")]
    [InlineData("something_config", "{\"depth\": 3}", "something_config")]
    [InlineData("target_modules", "3", "target_modules")]
    [InlineData("target_modules", "[\"q_proj\", 3]", "no valid adapter configuration")]
    [InlineData("target_modules", "[\"q_proj\", \"k_proj\", \"v_proj\", \"\"]", "target_modules must hold names")]
    [InlineData("target_modules", "[\"q_proj\", \"k_proj\", \"v_proj\", \"proj\"]", "o_proj', which target_modules does not name")]
    public void A_setting_that_changes_what_is_computed_is_refused(string key, string value, string part)
    {
        Configure(key, value);
        Assert.Contains(part, Assert.Throws<FileFormatException>(() => PeftAdapter.Read(At("set"), _model)).Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("init_lora_weights", "false")]
    [InlineData("init_lora_weights", "null")]
    [InlineData("init_lora_weights", "\"gaussian\"")]
    [InlineData("init_lora_weights", "\"eva\"")]
    [InlineData("init_lora_weights", "\"orthogonal\"")]
    [InlineData("eva_config", "{\"rho\": 2.0}")]
    [InlineData("loftq_config", "{}")]
    [InlineData("use_something_new", "false")]
    [InlineData("something_config", "null")]
    [InlineData("qalora_group_size", "16")]
    [InlineData("target_modules", "\"all-linear\"")]
    [InlineData("target_modules", "\".*_proj\"")]
    [InlineData("target_modules", "[\"self_attn.q_proj\", \"k_proj\", \"v_proj\", \"model.layers.0.self_attn.o_proj\", \"1.self_attn.o_proj\", \"gate_proj\"]")]
    [InlineData("layers_to_transform", "[0, 1]")]
    public void A_setting_that_is_over_or_off_is_not(string key, string value)
    {
        Configure(key, value);
        PeftAdapterTests.Same(_adapter, PeftAdapter.Read(At("set"), _model));
    }

    [Fact]
    public void Many_paths_are_fine_and_many_expressions_are_not()
    {
        var patterns = new JsonObject();
        for (var i = 0; i < 4_095; i++) patterns[$"model.layers.{i + 2}.self_attn.q_proj"] = 3;
        patterns["v_proj"] = 12;
        Configure("alpha_pattern", patterns.ToJsonString());
        var adapter = PeftAdapter.Read(At("set"), _model);
        Assert.Equal((2f, 3f), (adapter[0, LoraTarget.Query]!.Scale, adapter[0, LoraTarget.Value]!.Scale));
        patterns["k_proj"] = 12;
        Configure("alpha_pattern", patterns.ToJsonString());
        Assert.Contains("more than 4,096", Assert.Throws<FileFormatException>(() => PeftAdapter.Read(At("set"), _model)).Message, StringComparison.Ordinal);

        patterns = [];
        for (var i = 0; i < 64; i++) patterns[$"layers.{i}.*q_proj"] = 6;
        Configure("rank_pattern", "{}");
        Configure("alpha_pattern", patterns.ToJsonString());
        Assert.Equal(1.5f, PeftAdapter.Read(At("set"), _model)[1, LoraTarget.Query]!.Scale);
        patterns["(k|v)_proj"] = 6;
        Configure("alpha_pattern", patterns.ToJsonString());
        Assert.Contains("more than 64", Assert.Throws<FileFormatException>(() => PeftAdapter.Read(At("set"), _model)).Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(-0.37f)]
    [InlineData(0f)]
    public void A_scale_that_is_not_above_zero_goes_into_b(float scale)
    {
        var adapter = new LoraAdapter(_adapter.Config, _adapter.BlockCount, _adapter.BaseDigest);
        foreach (var (block, target, pair) in _adapter.Pairs()) adapter[block, target] = new LoraPair(pair.Rank, pair.Inputs, pair.Outputs, scale, pair.A, pair.B);
        PeftAdapter.Write(adapter, _model, At("scaled"));
        var read = PeftAdapter.Read(At("scaled"), _model);
        Assert.All(read.Pairs(), entry => Assert.True(entry.Pair.Scale > 0));
        using var pool = new WorkerPool(2);
        Assert.Equal(Logits(pool, adapter), Logits(pool, read));
    }

    [Fact]
    public void What_no_reader_takes_is_not_written()
    {
        var adapter = LoraStack.Merge(_model, [.. Enumerable.Range(0, 129).Select(i => (_adapter, i + 1f))]);
        Assert.Equal(516, adapter[0, LoraTarget.Query]!.Rank);
        Refused("up to 512", adapter);
        Assert.Contains("up to 512", Assert.Throws<AdapterMismatchException>(() => LoraSafetensors.Write(adapter)).Message, StringComparison.Ordinal);
        var pair = _adapter[0, LoraTarget.Query]!;
        var diverged = new LoraAdapter(_adapter.Config, _adapter.BlockCount, _adapter.BaseDigest) { [0, LoraTarget.Query] = new LoraPair(pair.Rank, pair.Inputs, pair.Outputs, 1f, pair.A, [float.NaN, .. pair.B[1..]]) };
        Refused("not finite", diverged);
    }

    [Theory]
    [InlineData("model.layers.00.self_attn.k_proj")]
    [InlineData("model.layers.-0.self_attn.k_proj")]
    [InlineData("model.layers. 0.self_attn.k_proj")]
    public void A_layer_has_one_name(string module)
    {
        PeftAdapter.Write(_adapter, _model, At("names"));
        var path = Path.Combine(At("names"), "adapter_model.safetensors");
        var writer = new SafetensorsWriter();
        using (var file = SafetensorsFile.Open(path, SafetensorsOptions.Adapter))
            foreach (var tensor in file.Tensors)
            {
                writer.Add(tensor.Name, tensor.Shape, file.GetFloats(tensor.Name));
                if (tensor.Name.Contains("layers.0.self_attn.k_proj", StringComparison.Ordinal))
                    writer.Add(tensor.Name.Replace("model.layers.0.self_attn.k_proj", module, StringComparison.Ordinal), tensor.Shape, new float[file.GetFloats(tensor.Name).Length]);
            }

        writer.Write(path);
        Assert.Contains(module, Assert.Throws<AdapterMismatchException>(() => PeftAdapter.Read(At("names"), _model)).Message, StringComparison.Ordinal);
        Assert.False(LoraShapes.TryParse("blk.00.attn_k.weight", out _, out _));
        Assert.True(LoraShapes.TryParse("blk.0.attn_k.weight", out _, out _));
        Assert.True(LoraShapes.TryParse("blk.10.attn_k.weight", out _, out _));
    }

    [Fact]
    public void An_encoders_layer_may_have_either_of_its_names_but_not_both()
    {
        using var encoder = PhotoEncoder.Open(SharedData.Reference("vision", "photo-base-f16.gguf"));
        var adapter = new LoraAdapter(new LoraConfig { Rank = 1, Alpha = 2 }, encoder.BlockCount, string.Empty);
        foreach (var layer in encoder.Layers.Where(layer => layer.Target == LoraTarget.Value))
            adapter[layer.Block, layer.Target] = new LoraPair(1, layer.Inputs, layer.Outputs, 2f, new float[layer.Inputs], new float[layer.Outputs]);
        PeftAdapter.Write(adapter, encoder, At("vit"));
        var path = Path.Combine(At("vit"), "adapter_model.safetensors");
        var (both, one) = (new SafetensorsWriter(), new SafetensorsWriter());
        using (var file = SafetensorsFile.Open(path, SafetensorsOptions.Adapter))
            foreach (var tensor in file.Tensors)
            {
                both.Add(tensor.Name, tensor.Shape, file.GetFloats(tensor.Name));
                foreach (var writer in new[] { both, one }) writer.Add(tensor.Name.Replace(".vit.", ".", StringComparison.Ordinal), tensor.Shape, file.GetFloats(tensor.Name));
            }

        one.Write(path);
        PeftAdapterTests.Same(adapter, PeftAdapter.Read(At("vit"), encoder));
        both.Write(path);
        Assert.Contains("under two names", Assert.Throws<FileFormatException>(() => PeftAdapter.Read(At("vit"), encoder)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void The_name_of_the_base_is_kept()
    {
        Assert.Equal("tiny-llama", PeftAdapter.BaseModelName(SharedData.Reference("models", "llama-lora-peft")));
        Configure("base_model_name_or_path", "null");
        Assert.Null(PeftAdapter.BaseModelName(At("set")));
    }

    public void Dispose()
    {
        _model.Dispose();
        _folder.Delete(recursive: true);
    }

    private void Refused(string part, LoraAdapter adapter)
    {
        Assert.Contains(part, Assert.Throws<AdapterMismatchException>(() => PeftAdapter.Write(adapter, _model, At("no"))).Message, StringComparison.Ordinal);
        Assert.Contains(part, Assert.Throws<AdapterMismatchException>(() => LoraGguf.Write(adapter, _model)).Message, StringComparison.Ordinal);
        Assert.Contains(part, Assert.Throws<AdapterMismatchException>(() => OnnxAdapter.Write(adapter, _model)).Message, StringComparison.Ordinal);
        Assert.Empty(_folder.GetFileSystemInfos());
    }

    private void Configure(string key, string value)
    {
        if (!Directory.Exists(At("set"))) PeftAdapter.Write(_adapter, _model, At("set"));
        var path = Path.Combine(At("set"), "adapter_config.json");
        var config = JsonNode.Parse(File.ReadAllText(path))!.AsObject();
        config[key] = JsonNode.Parse(value);
        File.WriteAllText(path, config.ToJsonString());
    }

    private float[] Logits(WorkerPool pool, LoraAdapter adapter)
    {
        using var session = new DecoderSession(_model, pool, new SessionOptions { Activations = ActivationPrecision.Exact }, AdapterStack.Of(adapter));
        return [.. session.Logits([1, 5, 9, 30, 2])];
    }

    private string At(string name) => Path.Combine(_folder.FullName, name);
}
