using PersonaTune.Engine.Kernels;
using PersonaTune.Engine.Lora;
using PersonaTune.Engine.Models;

namespace PersonaTune.Engine.Training;

/// <summary>Mean loss of sequences under a model with any stack of adapters; computes with f32 activations, as training does.</summary>
public static class SequenceEvaluator
{
    /// <summary>
    /// Mean negative log-likelihood a target token, in nats, over all target tokens of <paramref name="sequences"/>. Each adapter of the
    /// stack contributes with its factor (1 is as trained).
    /// </summary>
    /// <exception cref="TrainingException">No sequences, an id outside the vocabulary, or a sequence longer than the context.</exception>
    /// <exception cref="EngineException">An adapter does not fit the model.</exception>
    public static double MeanLoss(DecoderModel model, IReadOnlyList<TrainingSequence> sequences, IReadOnlyList<(LoraAdapter Adapter, float Factor)> stack,
        WorkerPool? pool = null, int microBatchTokens = 1024, CancellationToken cancellationToken = default) => throw new NotSupportedException();
}
