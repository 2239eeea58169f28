using PersonaTune.Engine.Inference;
using PersonaTune.Engine.Kernels;
using PersonaTune.Engine.Lora;
using PersonaTune.Engine.Models;
using PersonaTune.Engine.Quantization;
using PersonaTune.Engine.Tensors;

namespace PersonaTune.Engine.Tests.Inference;

public sealed class AdapterStackTests : IDisposable
{
    private readonly DecoderModel _model = ReferenceModels.Load("llama");

    [Theory]
    [InlineData(LoraTarget.Query)]
    [InlineData(LoraTarget.Key)]
    [InlineData(LoraTarget.Value)]
    [InlineData(LoraTarget.Output)]
    [InlineData(LoraTarget.Gate)]
    [InlineData(LoraTarget.Up)]
    [InlineData(LoraTarget.Down)]
    [InlineData(LoraTarget.Head)]
    public void EveryTargetActsAsAMergedWeightWould(LoraTarget target)
    {
        using var pool = new WorkerPool(2);
        var (first, second) = (ReferenceModels.Random(_model, 1, 3, 0.2f, target), ReferenceModels.Random(_model, 2, 5, 0.2f, target));
        using var adapted = new DecoderSession(_model, pool, null, AdapterStack.Of(first, 0.5f).With(second, -1.5f));
        using var merged = new DecoderSession(Merged(_model, (first, 0.5f), (second, -1.5f)), pool);
        using var plain = new DecoderSession(_model, pool);
        var expected = merged.Logits(ReferenceModels.Ids).ToArray();
        Assert.InRange(ReferenceModels.RelativeRms(adapted.Logits(ReferenceModels.Ids), expected), 0, 1e-5);
        Assert.True(ReferenceModels.RelativeRms(plain.Logits(ReferenceModels.Ids), expected) > 1e-3, "the adapter changes the logits");
    }

    [Fact]
    public void AStackIsACopy()
    {
        using var pool = new WorkerPool(1);
        var adapter = ReferenceModels.Random(_model, 1, 2, 0.2f, LoraTarget.Query, LoraTarget.Value);
        using var session = new DecoderSession(_model, pool, null, AdapterStack.Of(adapter));
        var before = session.Prefill([1, 2, 3]).ToArray();
        foreach (var (_, _, pair) in adapter.Pairs()) Array.Clear(pair.B);
        session.Reset();
        Assert.Equal(before, session.Prefill([1, 2, 3]).ToArray());
    }

    [Fact]
    public void EmptyStacksChangeNothing()
    {
        var adapter = ReferenceModels.Random(_model, 1, 2, 0.2f, LoraTarget.Query);
        Assert.True(AdapterStack.Empty.IsEmpty);
        Assert.True(AdapterStack.Of(adapter, 0f).IsEmpty);
        Assert.False(AdapterStack.Of(adapter).IsEmpty);
        Assert.Equal(2, AdapterStack.Of(adapter).With(adapter, 0f).Entries.Count);
    }

    [Fact]
    public void MismatchesAreRefusedBeforeAnythingRuns()
    {
        using var wide = ReferenceModels.Load("wide-Q8_0");
        var foreign = AdapterStack.Of(ReferenceModels.Random(wide, 1, 2, 0.1f, LoraTarget.Query));
        var slot = new AdapterSlot(_model);
        var error = Assert.Throws<AdapterMismatchException>(() => slot.Swap(foreign));
        Assert.Contains(wide.Digest, error.Message, StringComparison.Ordinal);
        Assert.Equal(0, slot.Current.Version);

        var shape = new LoraAdapter(new LoraConfig(), _model.Config.BlockCount, "");
        shape[1, LoraTarget.Down] = new LoraPair(1, 3, 5, 1f, new float[3], new float[5]);
        Assert.Contains("blk.1.ffn_down.weight", Assert.Throws<AdapterMismatchException>(() => new AdapterSlot(_model, AdapterStack.Of(shape))).Message, StringComparison.Ordinal);
        var blocks = new LoraAdapter(new LoraConfig(), _model.Config.BlockCount + 1, "");
        Assert.Contains("blocks", Assert.Throws<AdapterMismatchException>(() => AdapterStack.Of(blocks).Validate(_model)).Message, StringComparison.Ordinal);
        Assert.Throws<ArgumentException>(() => AdapterStack.Of(shape, float.NaN));
        Assert.Throws<ArgumentException>(() => AdapterStack.Of(shape).With(blocks));
    }

    public void Dispose() => _model.Dispose();

    /// <summary>The model with scale * B A added to the f32 weights.</summary>
    private static DecoderModel Merged(DecoderModel model, params (LoraAdapter Adapter, float Scale)[] adapters)
    {
        var blocks = model.Blocks.Select((w, i) => new BlockWeights
        {
            AttentionNorm = w.AttentionNorm,
            FeedForwardNorm = w.FeedForwardNorm,
            Query = Merge(w.Query, i, LoraTarget.Query),
            Key = Merge(w.Key, i, LoraTarget.Key),
            Value = Merge(w.Value, i, LoraTarget.Value),
            Output = Merge(w.Output, i, LoraTarget.Output),
            Gate = Merge(w.Gate, i, LoraTarget.Gate),
            Up = Merge(w.Up, i, LoraTarget.Up),
            Down = Merge(w.Down, i, LoraTarget.Down),
        }).ToArray();
        return new DecoderModel(model.Config, model.TokenEmbedding, blocks, model.OutputNorm, Merge(model.Head, 0, LoraTarget.Head), null, "", null);

        WeightMatrix Merge(WeightMatrix w, int block, LoraTarget target)
        {
            var values = new float[w.Rows * w.Columns];
            BlockCodec.Decode(w.Type, w.RowsBytes(0, w.Rows), values);
            foreach (var (adapter, scale) in adapters)
            {
                if (adapter[block, target] is not { } pair) continue;
                for (var n = 0; n < w.Rows; n++)
                    for (var k = 0; k < w.Columns; k++)
                    {
                        var sum = 0.0;
                        for (var r = 0; r < pair.Rank; r++) sum += (double)pair.B[n * pair.Rank + r] * pair.A[r * w.Columns + k];
                        values[n * w.Columns + k] += (float)(scale * pair.Scale * sum);
                    }
            }

            return WeightMatrix.FromFloats(values, w.Rows, w.Columns);
        }
    }
}
