using System.Collections.Concurrent;
using PersonaTune.Cli.Failures;
using PersonaTune.Device.Federation;
using PersonaTune.Device.Keyboard;
using PersonaTune.Device.Personalization;
using PersonaTune.Engine.Kernels;
using PersonaTune.Engine.Lora;
using PersonaTune.Engine.Models;
using PersonaTune.Engine.Training;
using PersonaTune.Protocol.Tasks;

namespace PersonaTune.Cli.Simulation;

/// <summary>
/// A global LoRA adapter for the keyboard's base model; a device is a person with messages. Each person's first 80 % train, the rest are held out; the loss is that of the held-out messages of all
/// people, in nats a token.
/// </summary>
internal sealed class KeyboardWorkload : IWorkload
{
    private const int Rank = 1, MaximumLength = 128;
    private readonly DecoderModel _model;
    private readonly GlobalAdapterLayout _layout;
    private readonly List<(TrainingSequence[] Train, TrainingSequence[] Test)> _people = [];
    private readonly ConcurrentBag<WorkerPool> _pools = [];
    private readonly WorkerPool _all;

    public KeyboardWorkload(DecoderModel model, IReadOnlyList<PersonHistory> people, int threads)
    {
        (_model, _all) = (model, new WorkerPool(threads));
        _layout = new GlobalAdapterLayout(model, Config);
        var encoder = new MessageEncoder(model.Tokenizer ?? throw new ToolException(ExitCode.BadInput, "the model's file carries no tokenizer; use a model with a vocabulary"), MaximumLength);
        foreach (var person in people)
        {
            var train = person.Messages.Count * 4 / 5;
            var (own, held) = (Encode(person.Messages.Take(train)), Encode(person.Messages.Skip(train)));
            if (own.Length > 0 && held.Length > 0) _people.Add((own, held));
        }

        if (_people.Count == 0) throw new ToolException(ExitCode.NothingToDo, "no person of the file has messages to train and to test on");

        TrainingSequence[] Encode(IEnumerable<string> messages) =>
            [.. messages.SelectMany(message => encoder.Encode(message).Pieces).Select(piece => piece.ToSequence())];
    }

    /// <summary>The global adapter.</summary>
    public static LoraConfig Config { get; } = new() { Rank = Rank, Alpha = 8, Targets = [LoraTarget.Value, LoraTarget.Output], FreezeA = true, Seed = new string('7', 64) };

    /// <inheritdoc/>
    public string Name => "keyboard";

    /// <inheritdoc/>
    public string DeviceNoun => "people";

    /// <inheritdoc/>
    public AdapterTerms Adapter => new(
        AdapterTerms.LoraB, _model.Digest, _layout.SchemaHash, _layout.Dimension, new LoraTerms(Config.Rank, Config.Alpha, ["v", "o"], Config.Seed));

    /// <inheritdoc/>
    public LocalTrainingTerms Training => new(Epochs: 1, MaximumSteps: 40, LearningRate: 5e-3, BatchExamples: 8, MinimumExamples: 5);

    /// <inheritdoc/>
    public double Clip => 0.6;

    /// <inheritdoc/>
    public ServerTerms Server => new(ServerOptimizerKind.FedAvg, LearningRate: 1, Momentum: 0.5);

    /// <inheritdoc/>
    public int People => _people.Count;

    /// <summary>The layout of the adapter.</summary>
    public GlobalAdapterLayout Layout => _layout;

    /// <inheritdoc/>
    public IFederatedTrainer Trainer(int person) => new PooledTrainer(this, _people[person % People].Train);

    /// <inheritdoc/>
    public Task<(double Loss, double? Accuracy)> EvaluateAsync(ReadOnlyMemory<float> vector, CancellationToken cancellationToken)
    {
        lock (_all)
        {
            var sequences = _people.SelectMany(person => person.Test).ToArray();
            return Task.FromResult<(double, double?)>((SequenceEvaluator.MeanLoss(_model, sequences, [(_layout.Write(vector.Span), 1f)], _all, cancellationToken: cancellationToken), null));
        }
    }

    /// <inheritdoc/>
    public async Task<float[]> TrainCentrallyAsync(int epochs, CancellationToken cancellationToken)
    {
        var trainer = new KeyboardFederatedTrainer(_model, _layout, Rank, [.. _people.SelectMany(person => person.Train)], [], _all);
        return (await trainer.TrainAsync(new float[_layout.Dimension], Training with { Epochs = epochs, MaximumSteps = 0, BatchExamples = 32 }, cancellationToken)).Delta;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _all.Dispose();
        foreach (var pool in _pools) pool.Dispose();
    }

    // One thread a device: several devices train at once.
    private sealed class PooledTrainer(KeyboardWorkload workload, TrainingSequence[] train) : IFederatedTrainer
    {
        public string BaseModelDigest => workload._model.Digest;

        public string SchemaHash => workload._layout.SchemaHash;

        public int Rank => KeyboardWorkload.Rank;

        public Task<int> CountExamplesAsync(CancellationToken cancellationToken) => Task.FromResult(train.Length);

        public async Task<FederatedUpdate> TrainAsync(ReadOnlyMemory<float> start, LocalTrainingTerms terms, CancellationToken cancellationToken)
        {
            var pool = workload._pools.TryTake(out var free) ? free : new WorkerPool(1);
            try
            {
                return await new KeyboardFederatedTrainer(workload._model, workload._layout, Rank, train, [], pool).TrainAsync(start, terms, cancellationToken);
            }
            finally
            {
                workload._pools.Add(pool);
            }
        }
    }
}
