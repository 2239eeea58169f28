using PersonaTune.Engine.Kernels;
using PersonaTune.Engine.Layers;
using PersonaTune.Engine.Lora;
using PersonaTune.Engine.Models;

namespace PersonaTune.Engine.Training;

/// <summary>
/// Chooses micro-batch and checkpointed blocks. Sizes come from a dry run of the allocating code, so a plan cannot drift from what is
/// allocated.
/// </summary>
internal sealed class MemoryPlanner(DecoderModel model, LoraAdapter adapter, LoraAdapter? beneath, TrainingOptions options, TrainingData data, WorkerPool pool)
{
    // What the matrix kernels keep for each thread.
    private const long KernelBytesPerThread = 1152 * 1024;

    /// <summary>Takes what <see cref="TrainingState"/> takes besides the parameters.</summary>
    public static unsafe void TakeState(AdapterParameters parameters, Arena arena, bool keepBest)
    {
        arena.Take(parameters.TrainedCount);
        arena.Take(parameters.TrainedCount);
        if (keepBest) arena.Take(parameters.Count);
    }

    /// <summary>The fastest plan within the budget; <paramref name="microBatchTokens"/> fixes the micro-batch of a resumed training.</summary>
    /// <exception cref="MemoryBudgetException">Even the smallest plan exceeds the budget.</exception>
    public MemoryPlan Choose(int? microBatchTokens = null)
    {
        var state = new Arena();
        var parameters = new AdapterParameters(adapter, state, training: true);
        TakeState(parameters, state, options.KeepBest && data.Validation.Length > 0);
        var frozen = beneath is null ? null : new AdapterParameters(beneath, state, training: false);
        var stateBytes = sizeof(float) * state.Used;
        var adapted = model.Config.BlockCount - Math.Min(parameters.LowestBlock, model.Config.BlockCount);
        MemoryPlan? best = null;
        var bestCost = double.PositiveInfinity;
        var smallest = long.MaxValue;
        foreach (var tokens in Candidates(microBatchTokens))
            for (var checkpointed = Math.Min(adapted, options.CheckpointedBlocks ?? 0); checkpointed <= adapted; checkpointed++)
            {
                var plan = new MemoryPlan(tokens, checkpointed, ActivationBytes(parameters, frozen, tokens, checkpointed), stateBytes);
                smallest = Math.Min(smallest, plan.TotalBytes);
                var fits = options.Memory is null || plan.TotalBytes <= options.Memory.Bytes;

                // Decoding weights is shared by the rows of a micro-batch; a checkpointed block is computed half again.
                var cost = (1 + 24.0 / tokens) * (1 + 0.4 * checkpointed / Math.Max(1, model.Config.BlockCount));
                if (fits && cost < bestCost) (best, bestCost) = (plan, cost);
                if (fits || options.CheckpointedBlocks is not null) break;
            }

        return best ?? throw new MemoryBudgetException(options.Memory!.Bytes, smallest, data.LongestRows + 1);
    }

    private long ActivationBytes(AdapterParameters parameters, AdapterParameters? frozen, int tokens, int checkpointed)
    {
        var arena = new Arena();
        var shape = new PassShape(tokens, data.LongestRows, checkpointed, Training: true, options.ForwardPrecision == ForwardPrecision.EightBit);
        _ = new DecoderPass(model, parameters, frozen, shape, pool, arena);
        return sizeof(float) * arena.Used + KernelBytesPerThread * pool.Threads;
    }

    private IEnumerable<int> Candidates(int? microBatchTokens)
    {
        if (microBatchTokens is { } given)
        {
            yield return given;
            yield break;
        }

        var most = data.Examples.Concat(data.Validation).Sum(sequence => (long)MicroBatch.Rows(sequence));
        most = Math.Min(most, (long)data.LongestRows * options.BatchSequences);
        var tokens = (int)Math.Max(data.LongestRows, Math.Min(most, options.MicroBatchTokens));
        for (; tokens > data.LongestRows; tokens = Math.Max(data.LongestRows, tokens * 3 / 4)) yield return tokens;
        yield return data.LongestRows;
    }
}
