using PersonaTune.Engine.Lora;

namespace PersonaTune.Engine.Training;

/// <summary>
/// Settings of a <see cref="LoraTrainer"/>. An optimizer step takes <see cref="BatchSequences"/> sequences, split into micro-batches of
/// at most <see cref="MicroBatchTokens"/> tokens whose gradients accumulate: memory is bounded by the micro-batch, the mathematics by
/// the batch. The loss of a step is the mean over all its target tokens, however they are split.
/// </summary>
public sealed record TrainingOptions
{
    /// <summary>The adapter's shape.</summary>
    public LoraConfig Lora { get; init; } = new();

    /// <summary>Passes over the examples, at least 1. Default 3.</summary>
    public int Epochs { get; init; } = 3;

    /// <summary>Stops after this many optimizer steps even within an epoch; null for no limit.</summary>
    public int? MaxSteps { get; init; }

    /// <summary>Sequences an optimizer step, at least 1. Default 8.</summary>
    public int BatchSequences { get; init; } = 8;

    /// <summary>Most tokens computed at once, at least 2; a longer sequence still goes alone. The memory plan may
    /// choose fewer. Larger ones were not faster where it was measured: 256 rows of activations stay in the cache. Default 256.</summary>
    public int MicroBatchTokens { get; init; } = 256;

    /// <summary>Peak learning rate. Default 1e-3.</summary>
    public float LearningRate { get; init; } = 1e-3f;

    /// <summary>What follows the warm-up. Default cosine.</summary>
    public LearningRateSchedule Schedule { get; init; } = LearningRateSchedule.Cosine;

    /// <summary>Steps over which the rate rises linearly from zero, as a share of all steps, 0 to 1. Default 0.05.</summary>
    public float WarmupFraction { get; init; } = 0.05f;

    /// <summary>The cosine's end as a share of the peak, 0 to 1. Default 0.1.</summary>
    public float LearningRateFloor { get; init; } = 0.1f;

    /// <summary>Decay of AdamW's first moment. Default 0.9.</summary>
    public float Beta1 { get; init; } = 0.9f;

    /// <summary>Decay of AdamW's second moment. Default 0.999.</summary>
    public float Beta2 { get; init; } = 0.999f;

    /// <summary>Added to AdamW's denominator. Default 1e-8.</summary>
    public float Epsilon { get; init; } = 1e-8f;

    /// <summary>Decoupled weight decay (Loshchilov and Hutter 2019). Default 0.01.</summary>
    public float WeightDecay { get; init; } = 0.01f;

    /// <summary>Largest Euclidean norm of a step's gradient; a longer one is scaled down. 0 switches clipping off. Default 1.</summary>
    public float MaxGradientNorm { get; init; } = 1f;

    /// <summary>Arithmetic of the forward pass. Default single precision.</summary>
    public ForwardPrecision ForwardPrecision { get; init; } = ForwardPrecision.Single;

    /// <summary>Seed of the order in which examples are seen (the adapter's own seed is <see cref="LoraConfig.Seed"/>). Default 0.</summary>
    public ulong OrderSeed { get; init; }

    /// <summary>Evaluates after every so many steps; 0 evaluates after each epoch. Needs validation sequences. Default 0.</summary>
    public int EvaluateEverySteps { get; init; }

    /// <summary>Stops after so many evaluations in a row without a better validation loss; 0 never stops early. Default 0.</summary>
    public int Patience { get; init; }

    /// <summary>Returns the adapter of the best evaluation rather than the last one; needs validation sequences. Default true.</summary>
    public bool KeepBest { get; init; } = true;

    /// <summary>Bytes that training may allocate; null plans freely. See <see cref="MemoryPlan"/>.</summary>
    public MemoryBudget? Memory { get; init; }

    /// <summary>Recomputes block activations in the backward pass instead of keeping them, for this many blocks; null lets the plan choose.</summary>
    public int? CheckpointedBlocks { get; init; }
}
