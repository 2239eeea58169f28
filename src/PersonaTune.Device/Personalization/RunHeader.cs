namespace PersonaTune.Device.Personalization;

/// <summary>What an interrupted run needs besides the trainer's state to go on exactly as if it had not been interrupted.</summary>
internal sealed record RunHeader
{
    public int FormatVersion { get; init; } = 1;

    public required string AdapterId { get; init; }

    public required string Collection { get; init; }

    public required string BaseDigest { get; init; }

    public required string TokenizerDigest { get; init; }

    /// <summary>The global adapter beneath; null for none.</summary>
    public string? GlobalDigest { get; init; }

    public required IReadOnlyList<string> TrainingExamples { get; init; }

    public required IReadOnlyList<string> ValidationExamples { get; init; }

    public required TrainingRecipe Recipe { get; init; }

    public required int Threads { get; init; }

    /// <summary>The memory plan's micro-batch: another one would round sums differently.</summary>
    public required int MicroBatchTokens { get; init; }

    public required int CheckpointedBlocks { get; init; }

    public required DateTimeOffset Started { get; init; }

    /// <summary>Set once the candidate passed the gate: what is left is the second pass over all messages.</summary>
    public GatedCandidate? Gated { get; init; }
}
