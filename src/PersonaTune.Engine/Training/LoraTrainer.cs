using PersonaTune.Engine.Kernels;
using PersonaTune.Engine.Layers;
using PersonaTune.Engine.Lora;
using PersonaTune.Engine.Models;

namespace PersonaTune.Engine.Training;

/// <summary>
/// Trains a LoRA adapter on a frozen, quantized model (Hu et al. 2021). Equal model, options, examples and micro-batch give a bit-identical
/// adapter, whether or not training was stopped and resumed and whatever the number of threads. One run at a time; other members are not
/// thread-safe while it goes on, except from the gate.
/// </summary>
public sealed partial class LoraTrainer : IDisposable
{
    private readonly DecoderModel _model;
    private readonly TrainingOptions _options;
    private readonly TrainingData _data;
    private readonly WorkerPool _pool;
    private readonly bool _ownsPool;
    private readonly TimeProvider _time;
    private readonly Arena _stateArena;
    private readonly Arena _passArena;
    private readonly AdapterParameters _parameters;
    private readonly AdapterParameters? _beneath;
    private readonly DecoderPass _pass;
    private readonly TrainingState _state;
    private readonly TrainingIdentity _identity;
    private readonly MicroBatch _batch;
    private readonly int[] _order;
    private int _orderEpoch = -1;
    private int _running;
    private bool _disposed;

    /// <summary>Plans and allocates a training that starts from <paramref name="start"/>, or from a fresh adapter.</summary>
    /// <param name="model">The frozen base; must outlive the trainer.</param>
    /// <param name="options">Settings.</param>
    /// <param name="examples">What to learn, at least one sequence.</param>
    /// <param name="validation">Held-out sequences for evaluations, or null.</param>
    /// <param name="start">An adapter with the shapes of <see cref="TrainingOptions.Lora"/> to continue from; it is not changed.</param>
    /// <param name="pool">Threads to compute with; null makes an own pool of all processors.</param>
    /// <param name="time">Clock of the progress figures; null takes the system's.</param>
    /// <param name="beneath">
    /// Adapters that act, each times its factor, while this one trains, and are not changed: it learns what they leave. Null or empty trains on
    /// the model alone. Copied.
    /// </param>
    /// <exception cref="ArgumentException">An option is out of its range.</exception>
    /// <exception cref="TrainingException">No examples, an id outside the vocabulary, or a sequence longer than the context.</exception>
    /// <exception cref="AdapterMismatchException">
    /// <paramref name="start"/> belongs to another model or has other shapes; one of <paramref name="beneath"/> belongs to another model or has DoRA
    /// magnitudes.
    /// </exception>
    /// <exception cref="MemoryBudgetException">Even the smallest plan exceeds the budget.</exception>
    public LoraTrainer(DecoderModel model, TrainingOptions options, IReadOnlyList<TrainingSequence> examples,
        IReadOnlyList<TrainingSequence>? validation = null, LoraAdapter? start = null, WorkerPool? pool = null, TimeProvider? time = null,
        IReadOnlyList<(LoraAdapter Adapter, float Factor)>? beneath = null)
        : this(model, options, examples, validation, start, pool, time, beneath, checkpoint: default)
    {
    }

    private LoraTrainer(DecoderModel model, TrainingOptions options, IReadOnlyList<TrainingSequence> examples,
        IReadOnlyList<TrainingSequence>? validation, LoraAdapter? start, WorkerPool? pool, TimeProvider? time,
        IReadOnlyList<(LoraAdapter Adapter, float Factor)>? beneath, ReadOnlySpan<byte> checkpoint)
    {
        ArgumentNullException.ThrowIfNull(model);
        ArgumentNullException.ThrowIfNull(options);
        ArgumentNullException.ThrowIfNull(examples);
        TrainingOptionsValidator.Validate(options);
        (_model, _options, _time) = (model, options, time ?? TimeProvider.System);
        _data = new TrainingData(model, examples, validation);
        var frozen = FrozenStack.Merge(model, beneath);
        _identity = new TrainingIdentity(model.Digest, FrozenStack.Digest(TrainingOptionsValidator.Digest(options), frozen), _data.Digest());
        int? microBatch = checkpoint.IsEmpty ? null : TrainingCheckpoint.Verify(checkpoint, _identity);
        var adapter = LoraInitialization.Create(model, options.Lora);
        if (start is not null)
        {
            LoraCompatibility.Demand(start, model, "start");
            DemandSameShapes(start, adapter);
            adapter = start;
        }

        (_pool, _ownsPool) = (pool ?? new WorkerPool(), pool is null);
        try
        {
            Plan = new MemoryPlanner(model, adapter, frozen, options, _data, _pool).Choose(microBatch);
            var keepBest = options.KeepBest && _data.Validation.Length > 0;
            var measure = new Arena();
            MemoryPlanner.TakeState(new AdapterParameters(adapter, measure, training: true), measure, keepBest);
            if (frozen is not null) _ = new AdapterParameters(frozen, measure, training: false);
            _stateArena = new Arena(measure.Used);
            _parameters = new AdapterParameters(adapter, _stateArena, training: true);
            _parameters.Load(adapter);
            if (frozen is not null)
            {
                _beneath = new AdapterParameters(frozen, _stateArena, training: false);
                _beneath.Load(frozen);
            }

            _state = new TrainingState(_parameters, _stateArena, keepBest);
            var shape = new PassShape(Plan.MicroBatchTokens, _data.LongestRows, Plan.CheckpointedBlocks, Training: true, options.ForwardPrecision == ForwardPrecision.EightBit);
            measure = new Arena();
            _ = new DecoderPass(model, _parameters, _beneath, shape, _pool, measure);
            _passArena = new Arena(measure.Used);
            _pass = new DecoderPass(model, _parameters, _beneath, shape, _pool, _passArena);
            _batch = new MicroBatch(Plan.MicroBatchTokens);
            _order = new int[_data.Examples.Length];
            StepsPerEpoch = (_order.Length + options.BatchSequences - 1) / options.BatchSequences;
            TotalSteps = (int)Math.Min((long)StepsPerEpoch * options.Epochs, options.MaxSteps ?? int.MaxValue);
            if (!checkpoint.IsEmpty) TrainingCheckpoint.Read(checkpoint, _state, TotalSteps);
        }
        catch
        {
            _passArena?.Dispose();
            _stateArena?.Dispose();
            if (_ownsPool) _pool.Dispose();
            throw;
        }
    }

    /// <summary>What training allocates.</summary>
    public MemoryPlan Plan { get; }

    /// <summary>Optimizer steps done.</summary>
    public int Step => _state.Step;

    /// <summary>Optimizer steps planned.</summary>
    public int TotalSteps { get; }

    /// <summary>Optimizer steps in one pass over the examples.</summary>
    public int StepsPerEpoch { get; }

    /// <summary>Time by phase; for the benchmark.</summary>
    internal long[] PhaseTicks => _pass.PhaseTicks;

    /// <summary>
    /// Recreates a trainer at the micro-batch where <see cref="SaveCheckpoint"/> was called. Model, options, examples and what lies
    /// <paramref name="beneath"/> must be the same; the memory budget may differ as long as the checkpoint's micro-batch fits.
    /// </summary>
    /// <exception cref="TrainingCheckpointException">The bytes are damaged or belong to another training.</exception>
    /// <exception cref="MemoryBudgetException">The checkpoint's micro-batch does not fit the budget.</exception>
    public static LoraTrainer Resume(ReadOnlySpan<byte> checkpoint, DecoderModel model, TrainingOptions options, IReadOnlyList<TrainingSequence> examples,
        IReadOnlyList<TrainingSequence>? validation = null, WorkerPool? pool = null, TimeProvider? time = null,
        IReadOnlyList<(LoraAdapter Adapter, float Factor)>? beneath = null)
    {
        if (checkpoint.IsEmpty) throw new TrainingCheckpointException(TrainingCheckpointProblem.NotACheckpoint, "there are no bytes at all");
        return new LoraTrainer(model, options, examples, validation, null, pool, time, beneath, checkpoint);
    }

    /// <summary>The whole state of the training, unencrypted: adapter, moments, position, accumulated gradient, evaluations, ending in a SHA-256.</summary>
    public byte[] SaveCheckpoint()
    {
        ObjectDisposedException.ThrowIf(_disposed, this);
        return TrainingCheckpoint.Write(_state, _identity, Plan.MicroBatchTokens);
    }

    /// <summary>A copy of the adapter as it is now.</summary>
    public LoraAdapter Snapshot()
    {
        ObjectDisposedException.ThrowIf(_disposed, this);
        return _parameters.ToAdapter(_parameters.AllValues);
    }

    /// <summary>Frees all memory; results stay valid. Not while a run goes on.</summary>
    public void Dispose()
    {
        if (_disposed) return;
        _disposed = true;
        _passArena.Dispose();
        _stateArena.Dispose();
        if (_ownsPool) _pool.Dispose();
    }

    private static void DemandSameShapes(LoraAdapter start, LoraAdapter expected)
    {
        foreach (var ((block, target, pair), (otherBlock, otherTarget, other)) in expected.Pairs().Zip(start.Pairs()))
            if (block != otherBlock || target != otherTarget || pair.Rank != other.Rank || pair.Scale != other.Scale)
                throw new AdapterMismatchException("start", $"has rank {other.Rank} and scale {other.Scale} on {LoraShapes.TensorName(otherBlock, otherTarget)} but the options "
                    + $"ask for rank {pair.Rank} and scale {pair.Scale} on {LoraShapes.TensorName(block, target)}; use the options that it was trained with");
        if (start.Pairs().Count() != expected.Pairs().Count() || start.Config.FreezeA != expected.Config.FreezeA)
            throw new AdapterMismatchException("start", "adapts other layers than the options ask for, or differs in FreezeA; use the options that it was trained with");
    }
}
