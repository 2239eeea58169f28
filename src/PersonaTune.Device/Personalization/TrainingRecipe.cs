using PersonaTune.Engine.Lora;

namespace PersonaTune.Device.Personalization;

/// <summary>
/// Everything besides the examples and the base model that decides how an adapter turns out. It is written into the adapter's lineage:
/// the same recipe, thread count and examples give a bit-identical adapter. The defaults are those that docs/keyboard.md measures.
/// </summary>
public sealed record TrainingRecipe
{
    /// <summary>Adapter shape. Default: rank 16, alpha 32, every linear layer but the head.</summary>
    public LoraConfig Lora { get; init; } = new()
    {
        Rank = 16,
        Alpha = 32f,
        Targets = [LoraTarget.Query, LoraTarget.Key, LoraTarget.Value, LoraTarget.Output, LoraTarget.Gate, LoraTarget.Up, LoraTarget.Down],
    };

    /// <summary>Peak learning rate of AdamW. Default 4e-3.</summary>
    public float LearningRate { get; init; } = 4e-3f;

    /// <summary>Decoupled weight decay. Default 0.01.</summary>
    public float WeightDecay { get; init; } = 0.01f;

    /// <summary>Part of all steps that warms up, 0 to below 1. Default 0.06.</summary>
    public double WarmupFraction { get; init; } = 0.06;

    /// <summary>Global norm at which gradients are clipped; 0 for never. Default 1.</summary>
    public float GradientClip { get; init; } = 1f;

    /// <summary>Passes over the training messages at most; the best by validation is kept. Default 6.</summary>
    public int MaximumEpochs { get; init; } = 6;

    /// <summary>Epochs without a better validation loss after which training stops. Default 1.</summary>
    public int Patience { get; init; } = 1;

    /// <summary>Messages an optimizer step. Default 16.</summary>
    public int BatchSize { get; init; } = 16;

    /// <summary>Longest sequence in tokens; longer messages continue in further sequences. Default 128.</summary>
    public int SequenceLength { get; init; } = 128;

    /// <summary>Newest part of the messages that is held out, above 0 and below 1. Default 0.125.</summary>
    public double ValidationFraction { get; init; } = 0.125;

    /// <summary>
    /// Whether a candidate that passed the gate is trained anew on all messages, the held-out newest ones included, for as
    /// many steps, in proportion, as the gate's candidate was best at. The person's newest messages are the most telling; the regression monitor watches
    /// the result, which no held-out message can judge any more. Default true.
    /// </summary>
    public bool RefitOnAll { get; init; } = true;

    /// <summary>Newest messages that are used at all; older ones are left out. Default 4,000.</summary>
    public int MaximumExamples { get; init; } = 4_000;

    /// <summary>Seed of initialization, order and dropout. Default 1.</summary>
    public ulong Seed { get; init; } = 1;

    /// <summary>Problems of these values, one sentence each; empty when they are usable.</summary>
    public IReadOnlyList<string> Validate()
    {
        var problems = new List<string>();
        if (Lora is null) return [$"{nameof(Lora)} is null"];
        if (Lora.Rank is < 1 or > 512) problems.Add($"Lora.Rank is {Lora.Rank}; expected 1 to 512");
        if (!(Lora.Alpha > 0) || !float.IsFinite(Lora.Alpha)) problems.Add($"Lora.Alpha is {Lora.Alpha}; expected a positive number");
        if (Lora.Targets.Count == 0) problems.Add("Lora.Targets is empty; expected at least one layer");
        if (Lora.Dropout is not (>= 0 and < 1)) problems.Add($"Lora.Dropout is {Lora.Dropout}; expected 0 to below 1");
        if (!(LearningRate > 0) || !float.IsFinite(LearningRate)) problems.Add($"{nameof(LearningRate)} is {LearningRate}; expected a positive number");
        if (!(WeightDecay >= 0) || !float.IsFinite(WeightDecay)) problems.Add($"{nameof(WeightDecay)} is {WeightDecay}; expected 0 or more");
        if (WarmupFraction is not (>= 0 and < 1)) problems.Add($"{nameof(WarmupFraction)} is {WarmupFraction}; expected 0 to below 1");
        if (!(GradientClip >= 0)) problems.Add($"{nameof(GradientClip)} is {GradientClip}; expected 0 or more");
        if (MaximumEpochs is < 1 or > 1000) problems.Add($"{nameof(MaximumEpochs)} is {MaximumEpochs}; expected 1 to 1000");
        if (Patience < 1) problems.Add($"{nameof(Patience)} is {Patience}; expected 1 or more");
        if (BatchSize is < 1 or > 4096) problems.Add($"{nameof(BatchSize)} is {BatchSize}; expected 1 to 4096");
        if (SequenceLength is < 4 or > 65_536) problems.Add($"{nameof(SequenceLength)} is {SequenceLength}; expected 4 to 65536");
        if (ValidationFraction is not (> 0 and < 1)) problems.Add($"{nameof(ValidationFraction)} is {ValidationFraction}; expected above 0 and below 1");
        if (MaximumExamples < 2) problems.Add($"{nameof(MaximumExamples)} is {MaximumExamples}; expected 2 or more");
        return problems;
    }
}
