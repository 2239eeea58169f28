using PersonaTune.Engine.Kernels;
using PersonaTune.Engine.Layers;
using PersonaTune.Engine.Lora;
using PersonaTune.Engine.Models;
using PersonaTune.Engine.Training;

namespace PersonaTune.Engine.Tests.Layers;

/// <summary>A training pass with its arenas, made for given sequences.</summary>
internal sealed class PassHarness : IDisposable
{
    private readonly Arena _parameterArena;
    private readonly Arena _arena;
    private readonly Arena? _beneathArena;

    public PassHarness(DecoderModel model, LoraAdapter adapter, WorkerPool pool, IReadOnlyList<TrainingSequence> sequences, int checkpointed = 0, bool training = true,
        bool eightBit = false, LoraAdapter? beneath = null)
    {
        var measure = new Arena();
        _ = new AdapterParameters(adapter, measure, training);
        _parameterArena = new Arena(measure.Used);
        Parameters = new AdapterParameters(adapter, _parameterArena, training);
        Parameters.Load(adapter);
        if (training) Parameters.TrainedGradients.Clear();
        AdapterParameters? frozen = null;
        if (beneath is not null)
        {
            measure = new Arena();
            _ = new AdapterParameters(beneath, measure, training: false);
            _beneathArena = new Arena(measure.Used);
            frozen = new AdapterParameters(beneath, _beneathArena, training: false);
            frozen.Load(beneath);
        }

        var shape = new PassShape(sequences.Sum(MicroBatch.Rows), sequences.Max(MicroBatch.Rows), checkpointed, training, eightBit);
        measure = new Arena();
        _ = new DecoderPass(model, Parameters, frozen, shape, pool, measure);
        _arena = new Arena(measure.Used);
        Pass = new DecoderPass(model, Parameters, frozen, shape, pool, _arena);
        Batch = new MicroBatch(shape.Tokens);
        foreach (var sequence in sequences) Assert.True(Batch.TryAdd(sequence));
    }

    public AdapterParameters Parameters { get; }

    public DecoderPass Pass { get; }

    public MicroBatch Batch { get; }

    /// <summary>Mean loss a target, and its gradients (added to what is there).</summary>
    public double LossAndGradients() => Pass.LossAndGradients(Batch, 1f / Batch.TargetCount) / Batch.TargetCount;

    /// <summary>Mean loss a target.</summary>
    public double Loss() => Pass.Loss(Batch) / Batch.TargetCount;

    public void Dispose()
    {
        _arena.Dispose();
        _beneathArena?.Dispose();
        _parameterArena.Dispose();
    }
}
