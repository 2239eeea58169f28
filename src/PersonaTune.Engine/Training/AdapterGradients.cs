using PersonaTune.Engine.Kernels;
using PersonaTune.Engine.Layers;
using PersonaTune.Engine.Lora;
using PersonaTune.Engine.Models;

namespace PersonaTune.Engine.Training;

/// <summary>The loss of one sequence and its gradient with respect to an adapter: what training computes, for comparison with other engines.</summary>
/// <param name="Loss">Mean negative log-likelihood a target token, in nats.</param>
/// <param name="Gradients">In place of each A and B the gradient of <paramref name="Loss"/> with respect to it.</param>
public sealed record AdapterGradients(double Loss, LoraAdapter Gradients)
{
    /// <summary>
    /// Computes both with f32 activations and without dropout; the adapters <paramref name="beneath"/>, each times its factor, act and get no
    /// gradient. Thread-safe.
    /// </summary>
    /// <exception cref="TrainingException">An id is outside the vocabulary, or the sequence is longer than the context.</exception>
    /// <exception cref="AdapterMismatchException">An adapter does not fit the model, or one beneath has DoRA magnitudes.</exception>
    public static AdapterGradients Compute(DecoderModel model, LoraAdapter adapter, TrainingSequence sequence, WorkerPool pool,
        IReadOnlyList<(LoraAdapter Adapter, float Factor)>? beneath = null)
    {
        ArgumentNullException.ThrowIfNull(model);
        ArgumentNullException.ThrowIfNull(adapter);
        ArgumentNullException.ThrowIfNull(sequence);
        ArgumentNullException.ThrowIfNull(pool);
        LoraCompatibility.Demand(adapter, model);
        TrainingData.Check(model, sequence, "gradient");
        adapter = WithoutDropout(adapter);
        var merged = FrozenStack.Merge(model, beneath);
        var rows = MicroBatch.Rows(sequence);
        var shape = new PassShape(rows, rows, 0, Training: true);
        var measure = new Arena();
        _ = Pass(measure, out _, out _);
        using var arena = new Arena(measure.Used);
        var pass = Pass(arena, out var parameters, out var frozen);
        parameters.Load(adapter);
        parameters.TrainedGradients.Clear();
        frozen?.Load(merged!);
        var batch = new MicroBatch(shape.Tokens);
        batch.TryAdd(sequence);
        var loss = pass.LossAndGradients(batch, 1f / batch.TargetCount) / batch.TargetCount;
        return new AdapterGradients(loss, parameters.GradientsAsAdapter());

        DecoderPass Pass(Arena from, out AdapterParameters trained, out AdapterParameters? below)
        {
            trained = new AdapterParameters(adapter, from, training: true);
            below = merged is null ? null : new AdapterParameters(merged, from, training: false);
            return new DecoderPass(model, trained, below, shape, pool, from);
        }
    }

    private static LoraAdapter WithoutDropout(LoraAdapter adapter)
    {
        var copy = new LoraAdapter(adapter.Config with { Dropout = 0 }, adapter.BlockCount, adapter.BaseDigest);
        foreach (var (block, target, pair) in adapter.Pairs()) copy[block, target] = pair;
        return copy;
    }
}
