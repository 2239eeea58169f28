using PersonaTune.Device.Personalization;

namespace PersonaTune.Device.Adapters;

/// <summary>What training and the gate measured.</summary>
public sealed record AdapterMetrics
{
    /// <summary>Held-out figures of what was current before (<see cref="AdapterManifest.ParentId"/>, or the base).</summary>
    public required HeldOutMetrics Before { get; init; }

    /// <summary>Held-out figures of this adapter on the same messages.</summary>
    public required HeldOutMetrics After { get; init; }

    /// <summary>Held-out figures of the base model without any adapter, on the same messages.</summary>
    public required HeldOutMetrics Base { get; init; }

    /// <summary>Epoch (from 1) whose weights were kept.</summary>
    public required int BestEpoch { get; init; }

    /// <summary>Validation loss before the first step, which is the base model's, and then after each epoch; nats a token.</summary>
    public required IReadOnlyList<double> ValidationLosses { get; init; }

    /// <summary>Mean training loss of each epoch, nats a token.</summary>
    public required IReadOnlyList<double> TrainingLosses { get; init; }

    /// <summary>Optimizer steps that were taken.</summary>
    public required long Steps { get; init; }

    /// <summary>Tokens that were trained on, all epochs together.</summary>
    public required long TrainedTokens { get; init; }
}
