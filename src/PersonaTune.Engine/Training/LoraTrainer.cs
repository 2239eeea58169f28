using PersonaTune.Engine.Kernels;
using PersonaTune.Engine.Lora;
using PersonaTune.Engine.Models;

namespace PersonaTune.Engine.Training;

/// <summary>
/// Trains a LoRA adapter on a frozen, quantized model (Hu et al. 2021). Equal model, options, examples and thread count give a
/// bit-identical adapter, whether or not training was stopped and resumed. One run at a time; other members are not thread-safe
/// while it goes on, except from the gate.
/// </summary>
public sealed class LoraTrainer : IDisposable
{
    /// <summary>Plans and allocates a training that starts from <paramref name="start"/>, or from a fresh adapter.</summary>
    /// <param name="model">The frozen base; must outlive the trainer.</param>
    /// <param name="options">Settings.</param>
    /// <param name="examples">What to learn, at least one sequence.</param>
    /// <param name="validation">Held-out sequences for evaluations, or null.</param>
    /// <param name="start">An adapter of the same shape to continue from; it is not changed.</param>
    /// <param name="pool">Threads to compute with; null makes an own pool of all processors.</param>
    /// <param name="time">Clock of the progress figures; null takes the system's.</param>
    /// <exception cref="ArgumentException">An option is out of its range.</exception>
    /// <exception cref="TrainingException">No examples, an id outside the vocabulary, or a sequence longer than the context.</exception>
    /// <exception cref="MemoryBudgetException">Even the smallest plan exceeds the budget.</exception>
    public LoraTrainer(DecoderModel model, TrainingOptions options, IReadOnlyList<TrainingSequence> examples,
        IReadOnlyList<TrainingSequence>? validation = null, LoraAdapter? start = null, WorkerPool? pool = null, TimeProvider? time = null)
    {
        ArgumentNullException.ThrowIfNull(model);
        ArgumentNullException.ThrowIfNull(options);
        ArgumentNullException.ThrowIfNull(examples);
        throw new NotSupportedException();
    }

    /// <summary>What training allocates.</summary>
    public MemoryPlan Plan => throw new NotSupportedException();

    /// <summary>Optimizer steps done.</summary>
    public int Step => throw new NotSupportedException();

    /// <summary>Optimizer steps planned.</summary>
    public int TotalSteps => throw new NotSupportedException();

    /// <summary>Recreates a trainer at the micro-batch where <see cref="SaveCheckpoint"/> was called. Model, options and examples must be the same.</summary>
    /// <exception cref="TrainingCheckpointException">The bytes are damaged or belong to another training.</exception>
    public static LoraTrainer Resume(ReadOnlySpan<byte> checkpoint, DecoderModel model, TrainingOptions options, IReadOnlyList<TrainingSequence> examples,
        IReadOnlyList<TrainingSequence>? validation = null, WorkerPool? pool = null, TimeProvider? time = null) => throw new NotSupportedException();

    /// <summary>
    /// Trains to the end. Cancellation is seen between micro-batches; afterwards <see cref="SaveCheckpoint"/> still works and
    /// <see cref="RunAsync"/> may be called again to go on.
    /// </summary>
    /// <exception cref="OperationCanceledException">Cancelled.</exception>
    /// <exception cref="TrainingException">The loss became infinite or NaN.</exception>
    public Task<TrainingResult> RunAsync(IProgress<TrainingProgress>? progress = null, ITrainingGate? gate = null,
        CancellationToken cancellationToken = default) => throw new NotSupportedException();

    /// <summary>The whole state of the training, unencrypted: adapter, moments, position, accumulated gradient, evaluations, ending in a SHA-256.</summary>
    public byte[] SaveCheckpoint() => throw new NotSupportedException();

    /// <summary>A copy of the adapter as it is now.</summary>
    public LoraAdapter Snapshot() => throw new NotSupportedException();

    /// <summary>Frees the activations; the results stay valid.</summary>
    public void Dispose()
    {
    }
}
