using PersonaTune.Engine.Kernels;
using PersonaTune.Engine.Lora;
using PersonaTune.Engine.Models;
using PersonaTune.Engine.Tests.Layers;
using PersonaTune.Engine.Training;

namespace PersonaTune.Engine.Tests.Training;

/// <summary>Training above adapters that stay as they are.</summary>
public sealed class TrainingBeneathTests : IDisposable
{
    private readonly WorkerPool _pool = new(2);
    private readonly DecoderModel _model = TinyModel.Create(vocabulary: 64);
    private readonly TrainingSequence[] _examples = Enumerable.Range(0, 7).Select(i => TinyModel.Sequence(i, 6 + 3 * i, 64)).ToArray();
    private readonly TrainingSequence[] _validation = [TinyModel.Sequence(100, 20, 64), TinyModel.Sequence(101, 9, 64)];
    private readonly (LoraAdapter Adapter, float Factor)[] _beneath;

    private readonly TrainingOptions _options = new()
    {
        Lora = new LoraConfig { Rank = 4, Alpha = 8, Targets = TinyModel.AllTargets, Dropout = 0.1f, Seed = new string('7', 64) },
        Epochs = 3,
        BatchSequences = 3,
        MicroBatchTokens = 26,
        LearningRate = 1e-2f,
        KeepBest = false,
    };

    public TrainingBeneathTests() => _beneath =
    [
        (TinyModel.Adapter(_model, new LoraConfig { Rank = 3, Targets = TinyModel.AllTargets }), 0.5f),
        (TinyModel.Adapter(_model, new LoraConfig { Rank = 2, Targets = [LoraTarget.Value, LoraTarget.Down] }, seed: 50), 1f),
    ];

    public void Dispose() => _pool.Dispose();

    private LoraTrainer Trainer((LoraAdapter Adapter, float Factor)[]? beneath, TrainingOptions? options = null) =>
        new(_model, options ?? _options, _examples, _validation, pool: _pool, beneath: beneath);

    [Fact]
    public async Task Learns_what_the_adapters_beneath_leave_and_does_not_change_them()
    {
        var before = _beneath.Select(entry => LoraSafetensors.Write(entry.Adapter)).ToArray();
        using var trainer = Trainer(_beneath);
        var result = await trainer.RunAsync();
        Assert.Equal(SequenceEvaluator.MeanLoss(_model, _validation, _beneath, _pool), result.Evaluations[0].Loss, 1e-5);
        Assert.Equal(SequenceEvaluator.MeanLoss(_model, _validation, [.. _beneath, (result.Adapter, 1f)], _pool), result.Evaluations[^1].Loss, 1e-5);
        Assert.True(result.Losses[^1] < result.Losses[0], $"{result.Losses[0]} to {result.Losses[^1]}");
        Assert.Equal(before, _beneath.Select(entry => LoraSafetensors.Write(entry.Adapter)));

        using var alone = Trainer(null);
        Assert.NotEqual(LoraSafetensors.Write((await alone.RunAsync()).Adapter), LoraSafetensors.Write(result.Adapter));
    }

    [Fact]
    public async Task Nothing_beneath_and_a_stack_without_effect_train_the_same_bits()
    {
        using var alone = Trainer(null);
        using var empty = Trainer([]);
        using var zero = Trainer([(_beneath[0].Adapter, 0f)]);
        var expected = LoraSafetensors.Write((await alone.RunAsync()).Adapter);
        Assert.Equal(expected, LoraSafetensors.Write((await empty.RunAsync()).Adapter));
        Assert.Equal(expected, LoraSafetensors.Write((await zero.RunAsync()).Adapter));
    }

    [Fact]
    public async Task Resuming_gives_the_bits_of_an_unbroken_run_and_only_above_the_same_adapters()
    {
        var checkpoints = new List<byte[]>();
        TrainingResult expected;
        using (var trainer = Trainer(_beneath))
            expected = await trainer.RunAsync(gate: new Gate(t => checkpoints.Add(t.SaveCheckpoint())));
        var middle = checkpoints[checkpoints.Count / 2];
        using (var resumed = LoraTrainer.Resume(middle, _model, _options, _examples, _validation, _pool, beneath: _beneath))
            Assert.Equal(LoraSafetensors.Write(expected.Adapter), LoraSafetensors.Write((await resumed.RunAsync()).Adapter));

        (LoraAdapter, float)[][] others = [[], [_beneath[0]], [_beneath[0], (_beneath[1].Adapter, 0.5f)], [_beneath[1], _beneath[0]]];
        foreach (var other in others)
        {
            var e = Assert.Throws<TrainingCheckpointException>(() => LoraTrainer.Resume(middle, _model, _options, _examples, _validation, _pool, beneath: other));
            Assert.Equal(TrainingCheckpointProblem.Options, e.Problem);
        }
    }

    [Fact]
    public void The_plan_counts_what_lies_beneath()
    {
        using var alone = Trainer(null);
        using var above = Trainer(_beneath);
        Assert.Equal(alone.Plan.MicroBatchTokens, above.Plan.MicroBatchTokens);
        Assert.True(above.Plan.TotalBytes > alone.Plan.TotalBytes);
        var tight = _options with { Memory = new MemoryBudget(above.Plan.TotalBytes - 1) };
        using var fitted = Trainer(_beneath, tight);
        Assert.True(fitted.Plan.TotalBytes < above.Plan.TotalBytes);
    }

    [Fact]
    public void Adapters_that_cannot_lie_beneath_are_refused()
    {
        var foreign = TinyModel.Adapter(TinyModel.Create(vocabulary: 64, digest: new string('b', 64)), new LoraConfig { Rank = 2 });
        Assert.Contains("beneath", Assert.Throws<AdapterMismatchException>(() => Trainer([(foreign, 1f)])).Message, StringComparison.Ordinal);

        var dora = TinyModel.Adapter(_model, new LoraConfig { Rank = 2, Targets = [LoraTarget.Query] });
        var pair = dora[0, LoraTarget.Query]!;
        dora[0, LoraTarget.Query] = new LoraPair(pair.Rank, pair.Inputs, pair.Outputs, pair.Scale, pair.A, pair.B, [.. Enumerable.Repeat(1f, pair.Outputs)]);
        Assert.Contains("merge it into the model", Assert.Throws<AdapterMismatchException>(() => Trainer([(dora, 1f)])).Message, StringComparison.Ordinal);
    }
}
