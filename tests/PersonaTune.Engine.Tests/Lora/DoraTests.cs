using PersonaTune.Engine.Formats;
using PersonaTune.Engine.Inference;
using PersonaTune.Engine.Kernels;
using PersonaTune.Engine.Lora;
using PersonaTune.Engine.Models;
using PersonaTune.Engine.Quantization;
using PersonaTune.Engine.Tests.Inference;

namespace PersonaTune.Engine.Tests.Lora;

/// <summary>DoRA and merging: W' = m (W + s B A) / |W + s B A| formed outright in double precision, and models with that W' against adapters on top of the base.</summary>
public sealed class DoraTests : IDisposable
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory();
    private readonly WorkerPool _pool = new(2);
    private readonly DecoderModel _model = ReferenceModels.Load("llama");

    [Fact]
    public void Merged_weights_equal_the_definition()
    {
        var adapter = Dora(_model, 3);
        var result = ModelMerger.Merge(Base, [(adapter, 1f)], At("merged.gguf"), Tensors.TensorType.F32);
        Assert.Equal((14, 0.0), (result.Tensors, result.EncodingError));
        using var merged = GgufFile.Open(At("merged.gguf"));
        foreach (var (block, target, pair) in adapter.Pairs())
        {
            var w = LoraShapes.Matrix(_model, block, target);
            var actual = merged.GetFloats(LoraShapes.TensorName(block, target));
            var row = new float[w.Columns];
            for (var n = 0; n < w.Rows; n++)
            {
                BlockCodec.Decode(w.Type, w.RowsBytes(n, 1), row);
                var sum = new double[w.Columns];
                for (var k = 0; k < sum.Length; k++)
                {
                    sum[k] = row[k];
                    for (var r = 0; r < pair.Rank; r++) sum[k] += (double)pair.Scale * pair.B[n * pair.Rank + r] * pair.A[r * w.Columns + k];
                }

                var norm = Math.Sqrt(sum.Sum(value => value * value));
                for (var k = 0; k < sum.Length; k++) Assert.Equal(pair.Magnitude![n] * sum[k] / norm, actual[n * w.Columns + k], 5e-6);
            }
        }
    }

    [Theory]
    [InlineData(1f)]
    [InlineData(0.6f)]
    public void An_adapter_on_the_base_computes_what_the_merged_model_computes(float factor)
    {
        var (dora, plain) = (Dora(_model, 3), ReferenceModels.Random(_model, 4, 3, 0.05f, LoraTarget.Query, LoraTarget.Down, LoraTarget.Head));
        ModelMerger.Merge(Base, [(dora, factor), (plain, 0.5f)], At("merged.gguf"), Tensors.TensorType.F32);
        using var merged = ModelLoader.Load(At("merged.gguf"));
        var stack = AdapterStack.Of(dora, factor).With(plain, 0.5f);
        var expected = Logits(merged, AdapterStack.Empty);
        Assert.InRange(ReferenceModels.RelativeRms(Logits(_model, stack), expected), 0, 2e-5);
        Assert.True(ReferenceModels.RelativeRms(Logits(_model, AdapterStack.Empty), expected) > 0.01);

        // Sequences with and without it in one batch do not mix.
        var scorer = new BatchScorer(_model, _pool, stack);
        using var session = new DecoderSession(merged, _pool, new SessionOptions { Activations = ActivationPrecision.Exact });
        var log = new float[ReferenceModels.Ids.Length];
        session.LogProbabilities(ReferenceModels.Ids, log);
        Assert.InRange(ReferenceModels.RelativeRms(scorer.LogProbabilities([ReferenceModels.Ids, [3, 4, 5]])[0].AsSpan(1), log.AsSpan(1)), 0, 0.02);
    }

    [Fact]
    public void A_merged_adapter_gives_the_peers_logits()
    {
        ModelMerger.Merge(Base, [(ReferenceModels.Adapter(_model), 1f)], At("merged.gguf"));
        using var merged = ModelLoader.Load(At("merged.gguf"));
        Assert.InRange(ReferenceModels.Largest(Logits(merged, AdapterStack.Empty), ReferenceModels.Floats("llama-lora.logits.f32")), 0, 1e-3f);
    }

    [Fact]
    public void What_no_adapter_changes_is_copied_and_quantized_weights_are_encoded_again()
    {
        var source = SharedData.Reference("models", "wide-Q4_0.gguf");
        using var model = ModelLoader.Load(source);
        var adapter = ReferenceModels.Random(model, 6, 4, 0.02f, LoraTarget.Value);
        var result = ModelMerger.Merge(source, [(adapter, 1f)], At("q4.gguf"));
        Assert.InRange(result.EncodingError, 0.002, 0.15);
        using (var before = GgufFile.Open(source))
        using (var after = GgufFile.Open(At("q4.gguf")))
        {
            foreach (var tensor in before.Tensors)
            {
                Assert.Equal(tensor.Type, after.GetTensor(tensor.Name).Type);
                var same = before.GetBytes(tensor.Name).SequenceEqual(after.GetBytes(tensor.Name));
                Assert.Equal(!tensor.Name.EndsWith("attn_v.weight", StringComparison.Ordinal), same);
            }
        }

        Assert.InRange(ModelMerger.Merge(source, [(adapter, 1f)], At("q8.gguf"), Tensors.TensorType.Q8_0).EncodingError, 0.001, 0.01);
    }

    [Fact]
    public void A_tied_head_becomes_a_matrix_of_its_own()
    {
        Assert.True(_model.Config.TiedHead);
        var adapter = ReferenceModels.Random(_model, 6, 2, 0.05f, LoraTarget.Head);
        ModelMerger.Merge(Base, [(adapter, 1f)], At("head.gguf"));
        using var merged = ModelLoader.Load(At("head.gguf"));
        Assert.False(merged.Config.TiedHead);
        Assert.InRange(ReferenceModels.RelativeRms(Logits(merged, AdapterStack.Empty), Logits(_model, AdapterStack.Of(adapter))), 0, 1e-5);
    }

    [Fact]
    public void What_cannot_hold_magnitudes_says_so()
    {
        var adapter = Dora(_model, 3);
        Assert.Contains("merge it into the model", Assert.Throws<AdapterMismatchException>(() => LoraGguf.Write(adapter, _model)).Message, StringComparison.Ordinal);
        Assert.Contains("merge it into the model", Assert.Throws<AdapterMismatchException>(() => OnnxAdapter.Write(adapter, _model)).Message, StringComparison.Ordinal);
        Assert.Contains("do not add up", Assert.Throws<AdapterMismatchException>(() => LoraStack.Merge(_model, [(adapter, 1f), (ReferenceModels.Adapter(_model), 1f)])).Message, StringComparison.Ordinal);
        PeftAdapterTests.Same(adapter, LoraSafetensors.Read(LoraSafetensors.Write(adapter)));
        Assert.Throws<ArgumentException>(() => ModelMerger.Merge(Base, [], At("none.gguf")));
        Assert.Throws<ArgumentException>(() => ModelMerger.Merge(Base, [(adapter, 1f)], Base));
        Assert.Empty(_folder.GetFiles());
    }

    public void Dispose()
    {
        _pool.Dispose();
        _model.Dispose();
        _folder.Delete(recursive: true);
    }

    private static string Base => SharedData.Reference("models", "llama.gguf");

    // Magnitudes near the rows' norms, as training leaves them.
    private static LoraAdapter Dora(DecoderModel model, int seed)
    {
        var adapter = ReferenceModels.Random(model, seed, 4, 0.05f, LoraTarget.Query, LoraTarget.Key, LoraTarget.Value, LoraTarget.Output, LoraTarget.Gate, LoraTarget.Up, LoraTarget.Down);
        var random = new Random(seed);
        foreach (var (block, target, pair) in adapter.Pairs().ToArray())
        {
            var w = LoraShapes.Matrix(model, block, target);
            var row = new float[w.Columns];
            var magnitude = new float[w.Rows];
            for (var n = 0; n < w.Rows; n++)
            {
                BlockCodec.Decode(w.Type, w.RowsBytes(n, 1), row);
                magnitude[n] = MathF.Sqrt(row.Sum(value => value * value)) * (0.8f + 0.4f * (float)random.NextDouble());
            }

            adapter[block, target] = new LoraPair(pair.Rank, pair.Inputs, pair.Outputs, pair.Scale, pair.A, pair.B, magnitude);
        }

        return adapter;
    }

    private float[] Logits(DecoderModel model, AdapterStack stack)
    {
        using var session = new DecoderSession(model, _pool, new SessionOptions { Activations = ActivationPrecision.Exact }, stack);
        return [.. session.Logits(ReferenceModels.Ids)];
    }

    private string At(string name) => Path.Combine(_folder.FullName, name);
}
