using System.Text.Json.Nodes;
using PersonaTune.Engine.Formats;
using PersonaTune.Engine.Models;
using PersonaTune.Engine.Tensors;
using PersonaTune.Engine.Tokenization;

namespace PersonaTune.Engine.Tests.Formats;

public sealed class HuggingFaceTests : IDisposable
{
    private static readonly QuantizeOptions AsF32 = new() { Type = TensorType.F32 };

    private readonly string _folder = Directory.CreateTempSubdirectory("personatune-").FullName;

    private string Model => Path.Combine(_folder, "hf");

    private string Made => Path.Combine(_folder, "made.gguf");

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Theory]
    [InlineData("llama.gguf")]
    [InlineData("llama-untied.gguf")]
    public void ThereAndBackKeepsEveryWeight(string name)
    {
        var source = SharedData.Reference("models", name);
        ModelExporter.Export(source, Model, new ExportOptions { Type = SafetensorsType.F32 });
        ModelConverter.Convert(Model, Made, AsF32);

        using var before = GgufFile.Open(source);
        using var after = GgufFile.Open(Made);
        Assert.Equal(before.Tensors.Select(t => t.Name).Order(StringComparer.Ordinal), after.Tensors.Select(t => t.Name).Order(StringComparer.Ordinal));
        foreach (var tensor in before.Tensors) Assert.Equal(before.GetFloats(tensor.Name), after.GetFloats(tensor.Name));
        using var a = ModelLoader.Load(source);
        using var b = ModelLoader.Load(Made);
        Assert.Equal(a.Config, b.Config);
    }

    [Fact]
    public void TheTokenizerGoesThereAndBack()
    {
        var source = Path.Combine(SharedData.SolutionRoot, "models", "keyboard-base-q8_0.gguf");
        ModelExporter.Export(source, Model);

        using var model = ModelLoader.Load(source);
        Assert.Equal(model.Tokenizer!.Digest, TokenizerFactory.FromTokenizerJson(Path.Combine(Model, "tokenizer.json")).Digest);
    }

    [SharedFact("models/keyboard-base")]
    public void TheExportHoldsTheOriginalRows()
    {
        ModelExporter.Export(Path.Combine(SharedData.SolutionRoot, "models", "keyboard-base-q8_0.gguf"), Model, new ExportOptions { Type = SafetensorsType.F32 });
        using var original = SafetensorsFile.Open(SharedData.Shared("models", "keyboard-base", "model.safetensors"));
        using var exported = SafetensorsFile.Open(Path.Combine(Model, "model.safetensors"));
        foreach (var tensor in original.Tensors)
        {
            var (x, y) = (original.GetFloats(tensor.Name), exported.GetFloats(tensor.Name));
            Assert.Equal(tensor.Shape, exported.GetTensor(tensor.Name).Shape);
            // Q8_0 rounds to a 127th of the largest of 32 values: a wrong row order would be off by whole values.
            Assert.True(x.Zip(y, (a, b) => Math.Abs(a - b)).Max() <= x.Max(Math.Abs) / 200, tensor.Name);
        }
    }

    [Fact]
    public void ShardsAreJoined()
    {
        Export();
        var index = new JsonObject();
        using (var whole = SafetensorsFile.Open(Path.Combine(Model, "model.safetensors")))
        {
            for (var shard = 0; shard < 2; shard++)
            {
                var writer = new SafetensorsWriter();
                var name = $"model-0000{shard + 1}-of-00002.safetensors";
                foreach (var tensor in whole.Tensors.Where((_, i) => i % 2 == shard))
                {
                    writer.Add(tensor.Name, tensor.Shape, whole.GetFloats(tensor.Name));
                    index[tensor.Name] = name;
                }

                writer.Write(Path.Combine(Model, name));
            }
        }

        File.Delete(Path.Combine(Model, "model.safetensors"));
        WriteIndex(index);
        var joined = ModelConverter.Convert(Model, Made, AsF32);
        Export();
        File.Delete(Path.Combine(Model, "model.safetensors.index.json"));
        Assert.Equal(joined.Digest, ModelConverter.Convert(Model, Made, AsF32).Digest);
    }

    [Theory]
    [InlineData("../model.safetensors")]
    [InlineData("/etc/passwd")]
    [InlineData("a\\b.safetensors")]
    [InlineData("")]
    [InlineData("..")]
    public void AShardOutsideTheFolderIsRefused(string name)
    {
        Export();
        WriteIndex(new JsonObject { ["x"] = name });
        Assert.Contains("no plain file name", Refusal(), StringComparison.Ordinal);
    }

    [Fact]
    public void AMissingShardIsNamed()
    {
        Export();
        WriteIndex(new JsonObject { ["x"] = "gone.safetensors" });
        Assert.Contains("'gone.safetensors'", Refusal(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("model_type", "\"gemma\"", "'gemma'")]
    [InlineData("hidden_act", "\"gelu\"", "'gelu'")]
    [InlineData("attention_bias", "true", "attention_bias")]
    [InlineData("hidden_size", "0", "hidden_size must lie in")]
    [InlineData("hidden_size", "\"64\"", "no valid configuration")]
    [InlineData("hidden_size", "null", "'hidden_size' is missing")]
    [InlineData("hidden_size", "256", "must have the shape")]
    [InlineData("num_hidden_layers", "513", "num_hidden_layers must lie in 1..512")]
    [InlineData("num_hidden_layers", "3", "'model.layers.2.")]
    [InlineData("num_hidden_layers", "1", "not part of the llama architecture")]
    [InlineData("rms_norm_eps", "-1", "rms_norm_eps must be positive")]
    [InlineData("tie_word_embeddings", "false", "'lm_head.weight' is missing")]
    [InlineData("rope_scaling", "{\"rope_type\":\"yarn\",\"factor\":4}", "'yarn'")]
    [InlineData("rope_scaling", "{\"type\":\"linear\"}", "factor")]
    public void AConfigurationThatLiesIsRefused(string key, string value, string expected)
    {
        Export();
        Configure(key, value);
        Assert.Contains(expected, Refusal(), StringComparison.Ordinal);
    }

    [Fact]
    public void LinearScalingArrives()
    {
        Export();
        Configure("rope_scaling", "{\"type\":\"linear\",\"factor\":4.0}");
        ModelConverter.Convert(Model, Made, AsF32);
        using var model = ModelLoader.Load(Made);
        Assert.Equal((RopeScalingKind.Linear, 4f), (model.Config.RopeScaling!.Kind, model.Config.RopeScaling.Factor));
    }

    [Fact]
    public void Llama3ScalingArrivesAsFactors()
    {
        Export();
        Configure("rope_scaling", "{\"rope_type\":\"llama3\",\"factor\":8.0,\"low_freq_factor\":1.0,\"high_freq_factor\":4.0,\"original_max_position_embeddings\":64}");
        ModelConverter.Convert(Model, Made, AsF32);
        using var model = ModelLoader.Load(Made);
        var factors = model.Config.RopeScaling!.Factors!;
        // Short wavelengths stay, those beyond the original context are divided by the factor, and a ramp lies between.
        Assert.Equal(model.Config.HeadLength / 2, factors.Length);
        Assert.Equal(1f, factors[0]);
        Assert.Equal(8f, factors[^1]);
        Assert.Equal(factors.Order(), factors);
        Assert.Contains(factors, f => f is > 1f and < 8f);
        Assert.Throws<FileFormatException>(() => ModelExporter.Export(Made, Path.Combine(_folder, "again")));
    }

    [Fact]
    public void AValueThatTheTypeCannotHoldIsNamed()
    {
        Export();
        var writer = new SafetensorsWriter();
        using (var whole = SafetensorsFile.Open(Path.Combine(Model, "model.safetensors")))
        {
            foreach (var tensor in whole.Tensors)
            {
                var values = whole.GetFloats(tensor.Name);
                if (tensor.Name == "model.layers.1.mlp.up_proj.weight") values[5] = 1e6f;
                writer.Add(tensor.Name, tensor.Shape, values);
            }
        }

        writer.Write(Path.Combine(Model, "model.safetensors"));
        var error = Assert.Throws<FileFormatException>(() => ModelConverter.Convert(Model, Made));
        Assert.Contains("'blk.1.ffn_up.weight' holds 1000000", error.Message, StringComparison.Ordinal);
        Assert.False(File.Exists(Made));
    }

    [Fact]
    public void AFolderWithoutAModelSaysWhatIsMissing()
    {
        Directory.CreateDirectory(Model);
        Assert.Contains("model.safetensors", Refusal(), StringComparison.Ordinal);
        Assert.Throws<FileNotFoundException>(() => ModelConverter.Convert(Path.Combine(_folder, "nowhere"), Made));
    }

    private void Export() => ModelExporter.Export(SharedData.Reference("models", "llama.gguf"), Model, new ExportOptions { Type = SafetensorsType.F32 });

    private void Configure(string key, string value)
    {
        var path = Path.Combine(Model, "config.json");
        var config = JsonNode.Parse(File.ReadAllText(path))!.AsObject();
        config[key] = JsonNode.Parse(value);
        File.WriteAllText(path, config.ToJsonString());
    }

    private void WriteIndex(JsonObject map) =>
        File.WriteAllText(Path.Combine(Model, "model.safetensors.index.json"), new JsonObject { ["weight_map"] = map }.ToJsonString());

    private string Refusal() => Assert.Throws<FileFormatException>(() => ModelConverter.Convert(Model, Made, AsF32)).Message;
}
