namespace PersonaTune.Engine.Inference;

/// <summary>
/// How the next token is drawn. Applied in this order: repetition penalty, temperature, top-k, top-p over what top-k left, min-p.
/// </summary>
public sealed record SamplingOptions
{
    /// <summary>Always the most likely token; the lowest id where several are equally likely.</summary>
    public static SamplingOptions Greedy { get; } = new() { Temperature = 0f };

    /// <summary>Divides the logits; 0 is greedy. 0 to 100. Default 0.8.</summary>
    public float Temperature { get; init; } = 0.8f;

    /// <summary>Keeps the k most likely tokens; 0 keeps all. Default 40.</summary>
    public int TopK { get; init; } = 40;

    /// <summary>Keeps the fewest most likely tokens whose probabilities sum to at least this (Holtzman et al. 2020); above 0 to 1. Default 0.95.</summary>
    public float TopP { get; init; } = 0.95f;

    /// <summary>Drops tokens below this share of the most likely one's probability (Nguyen et al. 2024); 0 to 1. Default 0.05.</summary>
    public float MinP { get; init; } = 0.05f;

    /// <summary>Divides positive and multiplies negative logits of recent tokens (Keskar et al. 2019); above 0, 1 is off. Default 1.</summary>
    public float RepetitionPenalty { get; init; } = 1f;

    /// <summary>How many recent tokens are penalized, at least 1. Default 64.</summary>
    public int RepetitionWindow { get; init; } = 64;

    /// <summary>Seed of the draws: the same seed and logits give the same tokens. Default 0.</summary>
    public ulong Seed { get; init; }

    /// <summary>Checks every value against its range.</summary>
    /// <exception cref="EngineException">A value is out of range; the message names it.</exception>
    public void Validate()
    {
        if (Temperature is not (>= 0 and <= 100)) throw new EngineException($"SamplingOptions.Temperature is 0 to 100, found {Temperature}");
        if (TopK < 0) throw new EngineException($"SamplingOptions.TopK is at least 0, found {TopK}");
        if (TopP is not (> 0 and <= 1)) throw new EngineException($"SamplingOptions.TopP is above 0 and at most 1, found {TopP}");
        if (MinP is not (>= 0 and <= 1)) throw new EngineException($"SamplingOptions.MinP is 0 to 1, found {MinP}");
        if (RepetitionPenalty is not (> 0 and <= 100)) throw new EngineException($"SamplingOptions.RepetitionPenalty is above 0 and at most 100, found {RepetitionPenalty}");
        if (RepetitionWindow is < 1 or > 1 << 20) throw new EngineException($"SamplingOptions.RepetitionWindow is 1 to 1,048,576 tokens, found {RepetitionWindow}");
    }
}
