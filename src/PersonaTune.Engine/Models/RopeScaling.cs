namespace PersonaTune.Engine.Models;

/// <summary>
/// Rotary scaling. <see cref="Factors"/> (GGUF's <c>rope_freqs.weight</c>, as Llama 3.1 files carry it) wins over the rule's numbers:
/// each frequency is divided by its factor.
/// </summary>
public sealed record RopeScaling
{
    /// <summary>The rule.</summary>
    public required RopeScalingKind Kind { get; init; }

    /// <summary>Context extension factor, at least 1.</summary>
    public float Factor { get; init; } = 1f;

    /// <summary>Llama 3: wavelengths above original / this are divided by <see cref="Factor"/>. Default 1.</summary>
    public float LowFrequencyFactor { get; init; } = 1f;

    /// <summary>Llama 3: wavelengths below original / this stay as they are. Default 4.</summary>
    public float HighFrequencyFactor { get; init; } = 4f;

    /// <summary>Context length of the original training, in tokens. Default 8192.</summary>
    public int OriginalContextLength { get; init; } = 8192;

    /// <summary>A divisor for each of the HeadLength / 2 frequencies, or null.</summary>
    public float[]? Factors { get; init; }
}
