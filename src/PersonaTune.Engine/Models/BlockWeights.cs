using PersonaTune.Engine.Tensors;

namespace PersonaTune.Engine.Models;

/// <summary>Frozen weights of one transformer block; matrices are (outputs, inputs) views into the model file.</summary>
public sealed class BlockWeights
{
    /// <summary>RMS norm before attention, (dim).</summary>
    public required float[] AttentionNorm { get; init; }

    /// <summary>(QueryLength, dim).</summary>
    public required WeightMatrix Query { get; init; }

    /// <summary>(KeyValueLength, dim).</summary>
    public required WeightMatrix Key { get; init; }

    /// <summary>(KeyValueLength, dim).</summary>
    public required WeightMatrix Value { get; init; }

    /// <summary>(dim, QueryLength).</summary>
    public required WeightMatrix Output { get; init; }

    /// <summary>RMS norm before the feed-forward layer, (dim).</summary>
    public required float[] FeedForwardNorm { get; init; }

    /// <summary>(FeedForwardLength, dim).</summary>
    public required WeightMatrix Gate { get; init; }

    /// <summary>(FeedForwardLength, dim).</summary>
    public required WeightMatrix Up { get; init; }

    /// <summary>(dim, FeedForwardLength).</summary>
    public required WeightMatrix Down { get; init; }
}
