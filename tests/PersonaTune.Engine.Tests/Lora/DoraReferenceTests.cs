using PersonaTune.Engine.Formats;
using PersonaTune.Engine.Inference;
using PersonaTune.Engine.Kernels;
using PersonaTune.Engine.Layers;
using PersonaTune.Engine.Lora;
using PersonaTune.Engine.Models;
using PersonaTune.Engine.Tensors;
using PersonaTune.Engine.Tests.Inference;
using PersonaTune.Engine.Tests.Kernels;

namespace PersonaTune.Engine.Tests.Lora;

/// <summary>
/// llama-dora-peft (DoRA, rsLoRA, both patterns, F16 and BF16 tensors) against logits that tests/reference/models/make_dora.py computed in float64 by the definition; that
/// program first reproduces llama.cpp's logits of the plain model and adapter.
/// </summary>
public sealed class DoraReferenceTests : IDisposable
{
    private static readonly SessionOptions Exact = new() { Activations = ActivationPrecision.Exact };

    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory();
    private readonly WorkerPool _pool = new(2);
    private readonly DecoderModel _model = ReferenceModels.Load("llama");
    private readonly LoraAdapter _adapter;

    public DoraReferenceTests() => _adapter = PeftAdapter.Read(Source, _model);

    private static string Source => SharedData.Reference("models", "llama-dora-peft");

    [Theory]
    [InlineData(1f, "llama-dora")]
    [InlineData(0.5f, "llama-dora-half")]
    public void Every_way_to_run_it_gives_the_reference_logits(float factor, string name)
    {
        var (stack, expected, ids) = (AdapterStack.Of(_adapter, factor), ReferenceModels.Floats(name + ".logits.f32"), ReferenceModels.Ids);
        using var session = new DecoderSession(_model, _pool, Exact, stack);
        Assert.InRange(ReferenceModels.Largest(session.Logits(ids), expected), 0, 1e-3f);

        var vocabulary = _model.Config.VocabularySize;
        var last = expected.AsSpan(expected.Length - vocabulary);
        session.Reset();
        for (var i = 0; i < ids.Length - 1; i++) session.Decode(ids[i]);
        Assert.InRange(ReferenceModels.Largest(session.Decode(ids[^1]), last), 0, 1e-3f);

        // Beside a sequence without adapters, in one pass.
        using var adapted = new DecoderSession(_model, _pool, Exact, stack);
        using var plain = new DecoderSession(_model, _pool, Exact);
        var batch = new BatchDecoder(_model, _pool, ActivationPrecision.Exact);
        batch.Append([plain, adapted], [.. ids, .. ids], [ids.Length, ids.Length]);
        Assert.InRange(ReferenceModels.Largest(batch.Logits(1), last), 0, 1e-3f);
        Assert.InRange(ReferenceModels.Largest(batch.Logits(0), ReferenceModels.Floats("llama.logits.f32").AsSpan(expected.Length - vocabulary)), 0, 1e-3f);

        ModelMerger.Merge(SharedData.Reference("models", "llama.gguf"), [(_adapter, factor)], At("merged.gguf"), TensorType.F32);
        using var merged = ModelLoader.Load(At("merged.gguf"));
        using var alone = new DecoderSession(merged, _pool, Exact);
        Assert.InRange(ReferenceModels.Largest(alone.Logits(ids), expected), 0, 1e-3f);
    }

    [Fact]
    public void Half_precision_tensors_come_back_as_the_numbers_they_are()
    {
        PeftAdapter.Write(_adapter, _model, At("out"));
        PeftAdapterTests.Same(_adapter, PeftAdapter.Read(At("out"), _model));
        using var expected = SafetensorsFile.Open(Path.Combine(Source, "adapter_model.safetensors"), SafetensorsOptions.Adapter);
        using var actual = SafetensorsFile.Open(Path.Combine(At("out"), "adapter_model.safetensors"), SafetensorsOptions.Adapter);
        Assert.Equal(expected.Tensors.Select(tensor => (tensor.Name, tensor.ShapeText)).Order(), actual.Tensors.Select(tensor => (tensor.Name, tensor.ShapeText)).Order());
        Assert.Equal([SafetensorsType.BF16, SafetensorsType.F16, SafetensorsType.F32], expected.Tensors.Select(tensor => tensor.Type).Distinct().OrderByDescending(type => type));
        foreach (var tensor in expected.Tensors) Assert.Equal(expected.GetFloats(tensor.Name), actual.GetFloats(tensor.Name));
    }

    [Fact]
    public void A_stack_stays_with_the_base_that_its_factors_come_from()
    {
        var stack = AdapterStack.Of(_adapter);
        stack.Validate(_model);
        using (var again = ReferenceModels.Load("llama")) stack.Validate(again);
        ModelMerger.Merge(SharedData.Reference("models", "llama.gguf"), [(ReferenceModels.Adapter(_model), 1f)], At("other.gguf"));
        using var other = ModelLoader.Load(At("other.gguf"));
        Assert.Contains("another stack", Assert.Throws<AdapterMismatchException>(() => stack.Validate(other)).Message, StringComparison.Ordinal);
        AdapterStack.Of(_adapter).Validate(other);
        AdapterStack.Of(PeftAdapter.Read(SharedData.Reference("models", "llama-lora-peft"), _model)).Validate(other);
    }

    [Fact]
    public void A_merged_model_says_of_itself_what_its_base_said()
    {
        var source = SharedData.Reference("models", "wide-Q4_0.gguf");
        using var model = ModelLoader.Load(source);
        ModelMerger.Merge(source, [(ReferenceModels.Random(model, 6, 4, 0.02f, LoraTarget.Value), 1f)], At("wide.gguf"));
        using var before = GgufFile.Open(source);
        using var after = GgufFile.Open(At("wide.gguf"));
        Assert.Equal(2, before.Metadata.GetInt32("general.file_type"));
        Assert.Equal(2, after.Metadata.GetInt32("general.file_type"));
        Assert.Equal(before.Metadata.Entries.Select(entry => entry.Key).Order(StringComparer.Ordinal), after.Metadata.Entries.Select(entry => entry.Key).Order(StringComparer.Ordinal));
    }

    [Theory]
    [InlineData(1, 1)]
    [InlineData(7, 3)]
    [InlineData(64, 5)]
    [InlineData(77, 130)]
    public void Factors_equal_the_definition_for_any_length(int inputs, int outputs)
    {
        var (w, a, b) = (Numbers.Normal(1, outputs * inputs, 1f), Numbers.Normal(2, 3 * inputs, 1f), Numbers.Normal(3, outputs * 3, 1f));
        var pair = new LoraPair(3, inputs, outputs, 0.7f, a, b, Numbers.Normal(4, outputs, 1f));
        var gains = DoraGain.Compute(WeightMatrix.FromFloats(w, outputs, inputs), pair, "a");
        for (var n = 0; n < outputs; n++)
        {
            double square = 0;
            for (var k = 0; k < inputs; k++)
            {
                double sum = w[n * inputs + k];
                for (var r = 0; r < 3; r++) sum += (double)pair.Scale * b[n * 3 + r] * a[r * inputs + k];
                square += sum * sum;
            }

            Assert.Equal(pair.Magnitude![n] / Math.Sqrt(square), gains[n], Math.Abs(gains[n]) * 1e-6);
        }
    }

    [Fact]
    public void A_row_without_direction_is_named()
    {
        float[] w = [1, 2, 0, 0], b = [0, 0];
        var pair = new LoraPair(1, 2, 2, 1f, [1, 1], b, [1, 1]);
        Assert.Contains("output 1", Assert.Throws<AdapterMismatchException>(() => DoraGain.Compute(WeightMatrix.FromFloats(w, 2, 2), pair, "a")).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Training_and_global_adapters_refuse_magnitudes()
    {
        Assert.Contains("does not train", Assert.Throws<AdapterMismatchException>(() => new AdapterParameters(_adapter, new Arena(), training: true)).Message, StringComparison.Ordinal);
        var layout = new GlobalAdapterLayout(_model, new LoraConfig { FreezeA = true });
        Assert.Contains("DoRA", Assert.Throws<ArgumentException>(() => layout.Read(_adapter)).Message, StringComparison.Ordinal);
    }

    public void Dispose()
    {
        _pool.Dispose();
        _model.Dispose();
        _folder.Delete(recursive: true);
    }

    private string At(string name) => Path.Combine(_folder.FullName, name);
}
