using PersonaTune.Device.Adapters;
using PersonaTune.Device.Keyboard;
using PersonaTune.Device.Scheduling;

namespace PersonaTune.Device.Personalization;

/// <summary>What a run came to.</summary>
public sealed record TrainingOutcome
{
    /// <summary>How it ended.</summary>
    public required TrainingStatus Status { get; init; }

    /// <summary>What the gate decided; null for a suspended run.</summary>
    public PromotionDecision? Decision { get; init; }

    /// <summary>The library's entry of the candidate, promoted or rejected; null for a suspended run.</summary>
    public AdapterEntry? Adapter { get; init; }

    /// <summary>
    /// Weights that mix model and n-gram cache, tuned by this run; set them on a running <see cref="WordSuggester"/>. Null where the
    /// stored ones stay.
    /// </summary>
    public CacheMixture? Mixture { get; init; }

    /// <summary>Whether it went on from a checkpoint.</summary>
    public bool Resumed { get; init; }

    /// <summary>Why it was suspended.</summary>
    public PauseReason Pause { get; init; }
}
