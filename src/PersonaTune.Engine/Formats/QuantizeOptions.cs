using PersonaTune.Engine.Tensors;

namespace PersonaTune.Engine.Formats;

/// <summary>How <see cref="ModelConverter"/> stores weights. Vectors (norms, rotary factors) always stay F32.</summary>
public sealed record QuantizeOptions
{
    /// <summary>Type of the matrices. Default Q8_0. A matrix whose rows do not divide into its blocks becomes Q8_0, or F16 where even that does not fit.</summary>
    public TensorType Type { get; init; } = TensorType.Q8_0;

    /// <summary>Type of the token embedding, which is the head too where that is tied; null for <see cref="Type"/>. Default null.</summary>
    public TensorType? EmbeddingType { get; init; }

    /// <summary>Type of an untied head; null for <see cref="Type"/>. Default null.</summary>
    public TensorType? HeadType { get; init; }

    /// <summary><c>general.name</c> of the new file; null keeps the source's name. Default null.</summary>
    public string? Name { get; init; }

    /// <summary>Threads that encode; 0 for one each processor. The result does not depend on it. Default 0.</summary>
    public int Threads { get; init; }
}
