using PersonaTune.Engine.Lora;
using PersonaTune.Engine.Models;

namespace PersonaTune.Engine.Layers;

/// <summary>
/// What a block's backward pass needs from its forward pass, T rows each. Norms and the gated product are recomputed instead of kept. The
/// backward pass replaces query, key, value, gate and up by their gradients.
/// </summary>
internal sealed unsafe class BlockActivations
{
    private readonly float*[] _low = new float*[(int)LoraTarget.Head];

    /// <summary>Takes the buffers.</summary>
    public BlockActivations(Arena arena, DecoderConfig config, AdapterParameters adapter, int tokens)
    {
        Query = arena.Take((long)tokens * config.QueryLength);
        Key = arena.Take((long)tokens * config.KeyValueLength);
        Value = arena.Take((long)tokens * config.KeyValueLength);
        Attention = arena.Take((long)tokens * config.QueryLength);
        LogSumExp = arena.Take((long)tokens * config.HeadCount);
        Middle = arena.Take((long)tokens * config.EmbeddingLength);
        Gate = arena.Take((long)tokens * config.FeedForwardLength);
        Up = arena.Take((long)tokens * config.FeedForwardLength);
        for (var target = LoraTarget.Query; target < LoraTarget.Head; target++)
        {
            // The widest over all blocks: any slot may serve any block in an evaluation.
            _low[(int)target] = arena.Take((long)tokens * adapter.WidestRank(target));
        }
    }

    /// <summary>Rotated queries (T, QueryLength).</summary>
    public float* Query { get; }

    /// <summary>Rotated keys (T, KeyValueLength).</summary>
    public float* Key { get; }

    /// <summary>(T, KeyValueLength).</summary>
    public float* Value { get; }

    /// <summary>Input of the output projection (T, QueryLength).</summary>
    public float* Attention { get; }

    /// <summary>Log-sum-exp of each query's scores (heads, T).</summary>
    public float* LogSumExp { get; }

    /// <summary>Residual stream between attention and feed-forward layer (T, dim).</summary>
    public float* Middle { get; }

    /// <summary>(T, FeedForwardLength).</summary>
    public float* Gate { get; }

    /// <summary>(T, FeedForwardLength).</summary>
    public float* Up { get; }

    /// <summary>A x of a target (T, padded rank).</summary>
    public float* Low(LoraTarget target) => _low[(int)target];
}
