using PersonaTune.Engine.Kernels;
using PersonaTune.Engine.Layers;
using PersonaTune.Engine.Lora;
using PersonaTune.Engine.Models;

namespace PersonaTune.Engine.Training;

/// <summary>Losses of sequences under a model with any stack of adapters; computes with f32 activations, as training does. Thread-safe.</summary>
public static class SequenceEvaluator
{
    /// <summary>
    /// Mean negative log-likelihood a target token, in nats, over all target tokens of <paramref name="sequences"/>. Each adapter of the
    /// stack contributes with its factor (1 is as trained).
    /// </summary>
    /// <exception cref="TrainingException">No sequences, an id outside the vocabulary, or a sequence longer than the context.</exception>
    /// <exception cref="AdapterMismatchException">An adapter does not fit the model.</exception>
    public static double MeanLoss(DecoderModel model, IReadOnlyList<TrainingSequence> sequences, IReadOnlyList<(LoraAdapter Adapter, float Factor)> stack,
        WorkerPool? pool = null, int microBatchTokens = 1024, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(sequences);
        if (sequences.Count == 0) throw new TrainingException("there is nothing to evaluate: the list of sequences is empty");
        var losses = SumLosses(model, sequences, stack, pool, microBatchTokens, cancellationToken, out var targets);
        return losses / targets;
    }

    private static double SumLosses(DecoderModel model, IReadOnlyList<TrainingSequence> sequences, IReadOnlyList<(LoraAdapter Adapter, float Factor)> stack,
        WorkerPool? pool, int microBatchTokens, CancellationToken cancellationToken, out long targets)
    {
        ArgumentNullException.ThrowIfNull(model);
        ArgumentNullException.ThrowIfNull(stack);
        ArgumentOutOfRangeException.ThrowIfLessThan(microBatchTokens, 1);
        foreach (var (adapter, _) in stack) LoraCompatibility.Demand(adapter, model, "in the stack");
        var longest = sequences.Max(sequence => TrainingData.Check(model, sequence, "evaluation"));
        var rows = sequences.Sum(sequence => (long)MicroBatch.Rows(sequence));
        var shape = new PassShape((int)Math.Max(longest, Math.Min(rows, microBatchTokens)), longest, 0, Training: false);
        var merged = LoraStack.Merge(model, stack);
        var own = pool is null ? new WorkerPool() : null;
        try
        {
            pool ??= own!;
            var measure = new Arena();
            _ = new DecoderPass(model, new AdapterParameters(merged, measure, training: false), null, shape, pool, measure);
            using var arena = new Arena(measure.Used);
            var parameters = new AdapterParameters(merged, arena, training: false);
            parameters.Load(merged);
            var pass = new DecoderPass(model, parameters, null, shape, pool, arena);
            var batch = new MicroBatch(shape.Tokens);
            var sum = 0.0;
            targets = 0;
            for (var next = 0; next < sequences.Count;)
            {
                cancellationToken.ThrowIfCancellationRequested();
                batch.Clear();
                while (next < sequences.Count && batch.TryAdd(sequences[next])) next++;
                sum += pass.Loss(batch);
                targets += batch.TargetCount;
            }

            return sum;
        }
        finally
        {
            own?.Dispose();
        }
    }
}
