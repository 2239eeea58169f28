namespace PersonaTune.Engine.Inference;

/// <summary>How a session runs its model.</summary>
public sealed record SessionOptions
{
    /// <summary>The defaults.</summary>
    public static SessionOptions Default { get; } = new();

    /// <summary>Precision of activations in products with quantized weights. Default <see cref="ActivationPrecision.Fast"/>.</summary>
    public ActivationPrecision Activations { get; init; } = ActivationPrecision.Fast;

    /// <summary>Most tokens a sequence may hold; null for the model's own context length. Default null.</summary>
    public int? ContextLimit { get; init; }

    /// <summary>Storage of cached keys and values. Default <see cref="KvPrecision.F32"/>.</summary>
    public KvPrecision CachePrecision { get; init; } = KvPrecision.F32;

    /// <summary>Tokens by which the cache grows, 1 to 4096. Default 32.</summary>
    public int CachePageLength { get; init; } = 32;

    /// <summary>Tokens that prefill sends through the model at once, which bounds its working memory; 1 to 4096. Default 256.</summary>
    public int PrefillChunk { get; init; } = 256;

    /// <summary>Checks every value against its range.</summary>
    /// <exception cref="EngineException">A value is out of range; the message names it.</exception>
    internal void Validate()
    {
        if (ContextLimit is < 1) throw new EngineException($"SessionOptions.ContextLimit is at least 1 token, found {ContextLimit}");
        if (CachePageLength is < 1 or > 4096) throw new EngineException($"SessionOptions.CachePageLength is 1 to 4096 tokens, found {CachePageLength}");
        if (PrefillChunk is < 1 or > 4096) throw new EngineException($"SessionOptions.PrefillChunk is 1 to 4096 tokens, found {PrefillChunk}");
    }
}
