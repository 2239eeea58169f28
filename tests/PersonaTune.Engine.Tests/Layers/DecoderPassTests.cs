using PersonaTune.Engine.Kernels;
using PersonaTune.Engine.Lora;
using PersonaTune.Engine.Models;
using PersonaTune.Engine.Tests.Kernels;
using PersonaTune.Engine.Training;

namespace PersonaTune.Engine.Tests.Layers;

public sealed class DecoderPassTests : IDisposable
{
    private readonly WorkerPool _pool = new(2);

    public void Dispose() => _pool.Dispose();

    public static TheoryData<string> Cases => new("everything", "tied", "half-split", "frozen A", "dropout", "attention only", "down only", "gate of the last block", "head only",
        "key only", "output only");

    private static (DecoderModel Model, LoraAdapter Adapter) Case(string name)
    {
        var config = name switch
        {
            "attention only" => new LoraConfig { Rank = 8 },
            "down only" => new LoraConfig { Rank = 3, Targets = [LoraTarget.Down] },
            "gate of the last block" => new LoraConfig { Rank = 3, Targets = [LoraTarget.Gate] },
            "head only" => new LoraConfig { Rank = 3, Targets = [LoraTarget.Head] },
            "key only" => new LoraConfig { Rank = 3, Targets = [LoraTarget.Key] },
            "output only" => new LoraConfig { Rank = 3, Targets = [LoraTarget.Output] },
            _ => new LoraConfig
            {
                Rank = 4,
                Alpha = 1,
                Targets = TinyModel.AllTargets,
                RankPattern = new Dictionary<LoraTarget, int> { [LoraTarget.Value] = 9, [LoraTarget.Head] = 2 },
                AlphaPattern = new Dictionary<LoraTarget, float> { [LoraTarget.Up] = 2 },
                RankStabilized = true,
                FreezeA = name == "frozen A",
                Dropout = name == "dropout" ? 0.3f : 0f,
            },
        };
        var model = TinyModel.Create(tied: name == "tied", style: name == "half-split" ? RopeStyle.HalfSplit : RopeStyle.AdjacentPairs);
        var adapter = TinyModel.Adapter(model, config);
        if (name == "gate of the last block") adapter[0, LoraTarget.Gate] = null;
        return (model, adapter);
    }

    [Theory]
    [MemberData(nameof(Cases))]
    public void Gradients_agree_with_finite_differences_along_random_directions(string name)
    {
        var (model, adapter) = Case(name);
        using var harness = new PassHarness(model, adapter, _pool, [TinyModel.Sequence(1, 13), TinyModel.Sequence(2, 2), TinyModel.Sequence(3, 60, prompt: 20)]);
        var parameters = harness.Parameters;
        foreach (var entry in parameters.Entries)
            if (entry is not null) entry.DropoutKey = 0x1234_5678_9ABC_DEF0UL + (ulong)entry.Target;
        harness.LossAndGradients();
        var gradient = parameters.TrainedGradients.ToArray();
        var values = parameters.TrainedValues.ToArray();
        for (var direction = 0; direction < 6; direction++)
        {
            // Along the gradient itself, then along random signs: one wrong element changes the slope.
            var signs = direction == 0 ? gradient : Numbers.Normal(direction, values.Length);
            var length = Math.Sqrt(Numbers.Dot(signs, signs));
            var expected = Slope(signs, length);
            var actual = Numbers.Dot(gradient, signs) / length;
            var tolerance = 2e-3 * Math.Sqrt(Numbers.Dot(gradient, gradient));
            Assert.True(Math.Abs(expected - actual) < tolerance, $"direction {direction}: slope {expected}, gradient gives {actual}");
        }

        double Slope(float[] signs, double length)
        {
            const double Step = 0.02;
            double At(double t)
            {
                for (var i = 0; i < values.Length; i++) parameters.TrainedValues[i] = (float)(values[i] + t * signs[i] / length);
                return harness.LossAndGradients();
            }

            // Fourth-order central difference.
            return (8 * (At(Step) - At(-Step)) - (At(2 * Step) - At(-2 * Step))) / (12 * Step);
        }
    }

    [Theory]
    [MemberData(nameof(Cases))]
    public void Checkpointing_threads_and_gradients_already_there_change_no_bit(string name)
    {
        var (model, adapter) = Case(name);
        TrainingSequence[] sequences = [TinyModel.Sequence(1, 13), TinyModel.Sequence(2, 2), TinyModel.Sequence(3, 60, prompt: 20)];
        using var plain = new PassHarness(model, adapter, _pool, sequences);
        var loss = plain.LossAndGradients();
        var adapted = Math.Max(0, model.Config.BlockCount - Math.Min(plain.Parameters.LowestBlock, model.Config.BlockCount));
        using var threads = new WorkerPool(5);
        for (var checkpointed = 0; checkpointed <= adapted; checkpointed++)
        {
            using var other = new PassHarness(model, adapter, threads, sequences, checkpointed);
            Assert.Equal(loss, other.LossAndGradients());
            Assert.Equal(plain.Parameters.TrainedGradients.ToArray(), other.Parameters.TrainedGradients.ToArray());
        }
    }

    [Fact]
    public void Packed_sequences_do_not_see_each_other()
    {
        var (model, adapter) = Case("everything");
        TrainingSequence[] sequences = [TinyModel.Sequence(1, 30), TinyModel.Sequence(2, 17, prompt: 9), TinyModel.Sequence(3, 64)];
        double sum = 0;
        foreach (var sequence in sequences)
        {
            using var single = new PassHarness(model, adapter, _pool, [sequence]);
            sum += single.Loss() * single.Batch.TargetCount;
        }

        using var packed = new PassHarness(model, adapter, _pool, sequences);
        Assert.Equal(sum, packed.Loss() * packed.Batch.TargetCount, 1e-3);
        using var evaluation = new PassHarness(model, adapter, _pool, sequences, training: false);
        Assert.Equal(packed.Loss(), evaluation.Loss());
    }

    [Fact]
    public void Eight_bit_forward_on_quantized_weights_stays_close_and_repeats_under_checkpointing()
    {
        using var model = ModelLoader.Load(SharedData.Reference("models", "wide-Q8_0.gguf"));
        var adapter = TinyModel.Adapter(model, new LoraConfig { Rank = 4, Alpha = 1, Targets = TinyModel.AllTargets });
        TrainingSequence[] sequences = [TinyModel.Sequence(1, 30, model.Config.VocabularySize), TinyModel.Sequence(2, 9, model.Config.VocabularySize)];
        using var exact = new PassHarness(model, adapter, _pool, sequences);
        using var rounded = new PassHarness(model, adapter, _pool, sequences, eightBit: true);
        using var recomputed = new PassHarness(model, adapter, _pool, sequences, checkpointed: 1, eightBit: true);
        var (loss, near) = (exact.LossAndGradients(), rounded.LossAndGradients());
        Assert.NotEqual(loss, near);
        Assert.Equal(loss, near, 0.01 * loss);
        Assert.InRange(Numbers.RelativeError(rounded.Parameters.TrainedGradients, exact.Parameters.TrainedGradients), 1e-6, 0.05);
        Assert.Equal(near, recomputed.LossAndGradients());
        Assert.Equal(rounded.Parameters.TrainedGradients.ToArray(), recomputed.Parameters.TrainedGradients.ToArray());
    }

    [Fact]
    public void A_pass_allocates_nothing()
    {
        var (model, adapter) = Case("everything");
        using var harness = new PassHarness(model, adapter, _pool, [TinyModel.Sequence(1, 50), TinyModel.Sequence(2, 20)], checkpointed: 1);
        for (var i = 0; i < 3; i++) harness.LossAndGradients();
        var before = GC.GetAllocatedBytesForCurrentThread();
        for (var i = 0; i < 5; i++) harness.LossAndGradients();
        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);
    }
}
