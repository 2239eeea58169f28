namespace PersonaTune.Engine.Lora;

/// <summary>Shape and initialization of an adapter.</summary>
public sealed record LoraConfig
{
    /// <summary>Rank r of every target without a pattern, 1 to 512. Default 8.</summary>
    public int Rank { get; init; } = 8;

    /// <summary>alpha of every target without a pattern. Default 16.</summary>
    public float Alpha { get; init; } = 16f;

    /// <summary>Layers that carry a pair. Default: query, key, value, output.</summary>
    public IReadOnlyList<LoraTarget> Targets { get; init; } = [LoraTarget.Query, LoraTarget.Key, LoraTarget.Value, LoraTarget.Output];

    /// <summary>Ranks that differ by target; overrides <see cref="Rank"/>.</summary>
    public IReadOnlyDictionary<LoraTarget, int> RankPattern { get; init; } = new Dictionary<LoraTarget, int>();

    /// <summary>Alphas that differ by target; overrides <see cref="Alpha"/>.</summary>
    public IReadOnlyDictionary<LoraTarget, float> AlphaPattern { get; init; } = new Dictionary<LoraTarget, float>();

    /// <summary>rsLoRA: scale alpha / sqrt(r) instead of alpha / r. Default false.</summary>
    public bool RankStabilized { get; init; }

    /// <summary>Dropout probability on the input of A during training, 0 to below 1. Default 0.</summary>
    public float Dropout { get; init; }

    /// <summary>Frozen-A mode: A is drawn from <see cref="Seed"/> and only B is trained, so that updates of several devices add up exactly.</summary>
    public bool FreezeA { get; init; }

    /// <summary>Seed of A's initialization and of dropout; 32 bytes as 64 hex digits. Default: all zero.</summary>
    public string Seed { get; init; } = new('0', 64);
}
