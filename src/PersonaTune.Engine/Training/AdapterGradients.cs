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
    /// <summary>Computes both with f32 activations and without dropout. Thread-safe.</summary>
    /// <exception cref="TrainingException">An id is outside the vocabulary, or the sequence is longer than the context.</exception>
    /// <exception cref="AdapterMismatchException">The adapter does not fit the model.</exception>
    public static AdapterGradients Compute(DecoderModel model, LoraAdapter adapter, TrainingSequence sequence, WorkerPool pool)
    {
        ArgumentNullException.ThrowIfNull(model);
        ArgumentNullException.ThrowIfNull(adapter);
        ArgumentNullException.ThrowIfNull(sequence);
        ArgumentNullException.ThrowIfNull(pool);
        LoraCompatibility.Demand(adapter, model);
        TrainingData.Check(model, sequence, "gradient");
        adapter = WithoutDropout(adapter);
        var rows = MicroBatch.Rows(sequence);
        var shape = new PassShape(rows, rows, 0, Training: true);
        var measure = new Arena();
        _ = new DecoderPass(model, new AdapterParameters(adapter, measure, training: true), shape, pool, measure);
        using var arena = new Arena(measure.Used);
        var parameters = new AdapterParameters(adapter, arena, training: true);
        parameters.Load(adapter);
        parameters.TrainedGradients.Clear();
        var pass = new DecoderPass(model, parameters, shape, pool, arena);
        var batch = new MicroBatch(shape.Tokens);
        batch.TryAdd(sequence);
        var loss = pass.LossAndGradients(batch, 1f / batch.TargetCount) / batch.TargetCount;
        return new AdapterGradients(loss, parameters.GradientsAsAdapter());
    }

    private static LoraAdapter WithoutDropout(LoraAdapter adapter)
    {
        var copy = new LoraAdapter(adapter.Config with { Dropout = 0 }, adapter.BlockCount, adapter.BaseDigest);
        foreach (var (block, target, pair) in adapter.Pairs()) copy[block, target] = pair;
        return copy;
    }
}
