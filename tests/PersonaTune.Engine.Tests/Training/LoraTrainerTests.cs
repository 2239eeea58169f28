using PersonaTune.Engine.Kernels;
using PersonaTune.Engine.Lora;
using PersonaTune.Engine.Models;
using PersonaTune.Engine.Tests.Layers;
using PersonaTune.Engine.Training;

namespace PersonaTune.Engine.Tests.Training;

public sealed class LoraTrainerTests : IDisposable
{
    private readonly WorkerPool _pool = new(2);
    private readonly DecoderModel _model = TinyModel.Create(vocabulary: 64);
    private readonly TrainingSequence[] _examples = Enumerable.Range(0, 7).Select(i => TinyModel.Sequence(i, 6 + 3 * i, 64)).ToArray();
    private readonly TrainingSequence[] _validation = [TinyModel.Sequence(100, 20, 64), TinyModel.Sequence(101, 9, 64)];

    private readonly TrainingOptions _options = new()
    {
        Lora = new LoraConfig { Rank = 4, Alpha = 8, Targets = TinyModel.AllTargets, Dropout = 0.1f, Seed = new string('7', 64) },
        Epochs = 3,
        BatchSequences = 3,
        MicroBatchTokens = 26,
        LearningRate = 1e-2f,
        OrderSeed = 42,
    };

    public void Dispose() => _pool.Dispose();

    private LoraTrainer Trainer(TrainingOptions? options = null, TrainingSequence[]? validation = null, WorkerPool? pool = null) =>
        new(_model, options ?? _options, _examples, validation, pool: pool ?? _pool);

    [Fact]
    public async Task Learns_its_examples_and_reports_each_step()
    {
        var reports = new List<TrainingProgress>();
        using var trainer = Trainer(_options with { Epochs = 60, Lora = _options.Lora with { Dropout = 0, Rank = 16 }, LearningRate = 3e-2f, BatchSequences = 7 });
        var result = await trainer.RunAsync(new Direct(reports.Add));
        Assert.Equal(60, result.Steps);
        Assert.Equal(60, reports.Count);
        Assert.True(result.Losses[^1] < 0.5 * result.Losses[0], $"{result.Losses[0]} to {result.Losses[^1]}");
        Assert.Equal(result.Losses, reports.Select(r => r.Loss));
        Assert.Equal(Enumerable.Range(1, 60), reports.Select(r => r.Step));
        Assert.All(reports, r => Assert.True(r.TokensPerSecond > 0 && r.GradientNorm > 0));
        Assert.Equal(TimeSpan.Zero, reports[^1].Remaining);
        var before = SequenceEvaluator.MeanLoss(_model, _examples, [], _pool);
        var after = SequenceEvaluator.MeanLoss(_model, _examples, [(result.Adapter, 1f)], _pool);
        Assert.True(after < 0.5 * before, $"{before} to {after}");
        var half = SequenceEvaluator.MeanLoss(_model, _examples, [(result.Adapter, 0.5f)], _pool);
        var twice = SequenceEvaluator.MeanLoss(_model, _examples, [(result.Adapter, 0.25f), (result.Adapter, 0.25f)], _pool);
        Assert.Equal(half, twice, 1e-5);
    }

    [Fact]
    public async Task Equal_seeds_give_equal_bits_whatever_the_threads_and_other_seeds_do_not()
    {
        using var more = new WorkerPool(3);
        var first = await RunAsync(_options, _pool);
        Assert.Equal(first, await RunAsync(_options, more));
        Assert.NotEqual(first, await RunAsync(_options with { OrderSeed = 43 }, _pool));
        Assert.NotEqual(first, await RunAsync(_options with { Lora = _options.Lora with { Seed = new string('8', 64) } }, _pool));

        async Task<byte[]> RunAsync(TrainingOptions options, WorkerPool pool)
        {
            using var trainer = Trainer(options, pool: pool);
            return LoraSafetensors.Write((await trainer.RunAsync()).Adapter);
        }
    }

    [Fact]
    public async Task Resuming_from_any_micro_batch_gives_the_bits_of_an_unbroken_run()
    {
        var checkpoints = new List<byte[]>();
        TrainingResult expected;
        using (var trainer = Trainer(validation: _validation))
            expected = await trainer.RunAsync(gate: new Gate(t => checkpoints.Add(t.SaveCheckpoint())));
        var bytes = LoraSafetensors.Write(expected.Adapter);
        Assert.True(checkpoints.Count > 2 * expected.Steps, $"only {checkpoints.Count} micro-batches");
        foreach (var checkpoint in checkpoints)
        {
            using var resumed = LoraTrainer.Resume(checkpoint, _model, _options, _examples, _validation, _pool);
            Assert.Equal(checkpoint, resumed.SaveCheckpoint());
            var result = await resumed.RunAsync();
            Assert.Equal(bytes, LoraSafetensors.Write(result.Adapter));
            Assert.Equal(expected.Losses, result.Losses);
            Assert.Equal(expected.Evaluations, result.Evaluations);
        }
    }

    [Fact]
    public async Task Cancellation_is_seen_between_micro_batches_and_the_run_can_go_on()
    {
        byte[] expected;
        using (var trainer = Trainer()) expected = LoraSafetensors.Write((await trainer.RunAsync()).Adapter);
        using var stopped = Trainer();
        using var source = new CancellationTokenSource();
        var calls = 0;
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => stopped.RunAsync(gate: new Gate(_ =>
        {
            if (++calls == 5) source.Cancel();
        }), cancellationToken: source.Token));
        Assert.Equal(5, calls);
        Assert.True(stopped.Step < stopped.TotalSteps);
        Assert.Equal(expected, LoraSafetensors.Write((await stopped.RunAsync()).Adapter));
    }

    [Fact]
    public async Task Micro_batches_change_only_the_last_bits()
    {
        var options = _options with { Lora = _options.Lora with { Dropout = 0 } };
        using var whole = Trainer(options with { MicroBatchTokens = 1000 });
        using var split = Trainer(options with { MicroBatchTokens = 2 });
        Assert.True(whole.Plan.MicroBatchTokens > split.Plan.MicroBatchTokens);
        var (first, second) = (await whole.RunAsync(), await split.RunAsync());
        foreach (var (one, other) in first.Losses.Zip(second.Losses)) Assert.Equal(one, other, 1e-3);
    }

    [Fact]
    public async Task Patience_stops_and_the_best_evaluation_is_kept()
    {
        var options = _options with { Epochs = 200, Patience = 3, LearningRate = 3e-2f, Lora = _options.Lora with { Dropout = 0 } };
        using var trainer = Trainer(options, _validation);
        var result = await trainer.RunAsync();
        Assert.True(result.StoppedEarly);
        Assert.True(result.Steps < trainer.TotalSteps);
        var best = result.Evaluations.MinBy(point => point.Loss)!;
        Assert.Equal(best.Step, result.AdapterStep);
        Assert.Equal(best.Loss, SequenceEvaluator.MeanLoss(_model, _validation, [(result.Adapter, 1f)], _pool), 1e-6);
        Assert.Equal(0, result.Evaluations[0].Step);
        Assert.Equal(SequenceEvaluator.MeanLoss(_model, _validation, [], _pool), result.Evaluations[0].Loss, 1e-6);
    }

    [Fact]
    public async Task Evaluates_every_few_steps_when_asked()
    {
        using var trainer = Trainer(_options with { EvaluateEverySteps = 2, MaxSteps = 5, KeepBest = false }, _validation);
        var result = await trainer.RunAsync();
        Assert.Equal([0, 2, 4, 5], result.Evaluations.Select(point => point.Step));
        Assert.Equal(5, result.AdapterStep);
    }

    [Fact]
    public async Task Frozen_A_stays_as_the_seed_gives_it_and_B_learns()
    {
        var options = _options with { Lora = _options.Lora with { FreezeA = true } };
        using var trainer = Trainer(options);
        var result = await trainer.RunAsync();
        foreach (var ((_, _, fresh), (_, _, trained)) in LoraInitialization.Create(_model, options.Lora).Pairs().Zip(result.Adapter.Pairs()))
        {
            Assert.Equal(fresh.A, trained.A);
            Assert.Contains(trained.B, value => value != 0);
        }
    }

    [Fact]
    public async Task A_trained_adapter_can_be_continued()
    {
        var options = _options with { Lora = _options.Lora with { Dropout = 0 } };
        using var first = Trainer(options);
        var start = (await first.RunAsync()).Adapter;
        using var second = new LoraTrainer(_model, options, _examples, start: start, pool: _pool);
        Assert.Equal(LoraSafetensors.Write(start), LoraSafetensors.Write(second.Snapshot()));
        Assert.Throws<AdapterMismatchException>(() => new LoraTrainer(_model, options with { Lora = options.Lora with { Rank = 5 } }, _examples, start: start, pool: _pool));
    }

    [Fact]
    public void Unusable_examples_and_options_are_refused_by_name()
    {
        Assert.Throws<TrainingException>(() => new LoraTrainer(_model, _options, [], pool: _pool));
        var foreign = Assert.Throws<TrainingException>(() => new LoraTrainer(_model, _options, [TrainingSequence.All([1, 64])], pool: _pool));
        Assert.Contains("64", foreign.Message, StringComparison.Ordinal);
        Assert.Throws<TrainingException>(() => new LoraTrainer(_model, _options, [TinyModel.Sequence(1, 400, 64)], pool: _pool));
        var option = Assert.Throws<ArgumentException>(() => Trainer(_options with { LearningRate = float.NaN }));
        Assert.Contains("LearningRate", option.Message, StringComparison.Ordinal);
        Assert.Throws<ArgumentException>(() => Trainer(_options with { Lora = _options.Lora with { Dropout = 1f } }));
        Assert.Throws<ArgumentException>(() => TrainingSequence.All([1]));
        Assert.Throws<ArgumentException>(() => TrainingSequence.Completion([1, 2, 3], 3));
    }

    [Fact]
    public async Task A_diverging_training_ends_with_an_error()
    {
        using var trainer = Trainer(_options with { LearningRate = 1e30f, MaxGradientNorm = 0, Epochs = 50 });
        await Assert.ThrowsAsync<TrainingException>(() => trainer.RunAsync());
    }

    private sealed class Direct(Action<TrainingProgress> action) : IProgress<TrainingProgress>
    {
        public void Report(TrainingProgress value) => action(value);
    }
}
