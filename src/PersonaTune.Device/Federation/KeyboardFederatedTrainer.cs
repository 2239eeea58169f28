using PersonaTune.Engine.Kernels;
using PersonaTune.Engine.Lora;
using PersonaTune.Engine.Models;
using PersonaTune.Engine.Training;
using PersonaTune.Protocol.Tasks;

namespace PersonaTune.Device.Federation;

/// <summary>
/// Trains the B matrices of a global LoRA adapter on a user's messages: from the released adapter, with the rank that the device can afford. Equal inputs give a bit-identical update. Not
/// for concurrent use.
/// </summary>
public sealed class KeyboardFederatedTrainer : IFederatedTrainer
{
    private readonly DecoderModel _model;
    private readonly GlobalAdapterLayout _layout;
    private readonly IReadOnlyList<TrainingSequence> _examples;
    private readonly IReadOnlyList<TrainingSequence> _heldOut;
    private readonly WorkerPool? _pool;

    /// <summary>A trainer of sequences that are at hand.</summary>
    /// <param name="model">The base model.</param>
    /// <param name="layout">The task's layout.</param>
    /// <param name="rank">The rank that this device trains, 1 to the layout's.</param>
    /// <param name="examples">What to learn, oldest first.</param>
    /// <param name="heldOut">What to measure on, never trained on; may be empty.</param>
    /// <param name="pool">Threads; null for all processors.</param>
    public KeyboardFederatedTrainer(DecoderModel model, GlobalAdapterLayout layout, int rank, IReadOnlyList<TrainingSequence> examples,
        IReadOnlyList<TrainingSequence> heldOut, WorkerPool? pool = null)
    {
        ArgumentNullException.ThrowIfNull(model);
        ArgumentNullException.ThrowIfNull(layout);
        ArgumentOutOfRangeException.ThrowIfLessThan(rank, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(rank, layout.Rank);
        (_model, _layout, Rank, _examples, _heldOut, _pool) = (model, layout, rank, examples, heldOut, pool);
    }

    /// <inheritdoc/>
    public string BaseModelDigest => _model.Digest;

    /// <inheritdoc/>
    public string SchemaHash => _layout.SchemaHash;

    /// <inheritdoc/>
    public int Rank { get; }

    /// <inheritdoc/>
    public Task<int> CountExamplesAsync(CancellationToken cancellationToken) => Task.FromResult(_examples.Count);

    /// <inheritdoc/>
    public async Task<FederatedUpdate> TrainAsync(ReadOnlyMemory<float> start, LocalTrainingTerms terms, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(terms);
        var adapter = _layout.Write(start.Span, Rank);
        var options = new TrainingOptions
        {
            Lora = _layout.Config(Rank),
            Epochs = terms.Epochs,
            MaxSteps = terms.MaximumSteps > 0 ? terms.MaximumSteps : null,
            BatchSequences = terms.BatchExamples,
            LearningRate = (float)terms.LearningRate,
            Schedule = LearningRateSchedule.Constant,
            WarmupFraction = 0,
            WeightDecay = 0,
        };
        using var trainer = new LoraTrainer(_model, options, _examples, validation: null, adapter, _pool);
        var before = MeanLoss(adapter, cancellationToken);
        var result = await trainer.RunAsync(cancellationToken: cancellationToken).ConfigureAwait(false);
        var delta = _layout.Read(result.Adapter);
        // Columns above the device's rank are zero in both, and must stay exactly zero.
        var trained = _layout.Read(adapter);
        for (var i = 0; i < delta.Length; i++) delta[i] -= trained[i];
        return new FederatedUpdate(delta, _examples.Count, before, MeanLoss(result.Adapter, cancellationToken));
    }

    private double? MeanLoss(LoraAdapter adapter, CancellationToken cancellationToken) =>
        _heldOut.Count == 0 ? null : SequenceEvaluator.MeanLoss(_model, _heldOut, [(adapter, 1f)], _pool, cancellationToken: cancellationToken);
}
