namespace PersonaTune.Device.Personalization;

/// <summary>What the first pass of a run measured, kept while the second pass trains on all messages.</summary>
internal sealed record GatedCandidate
{
    public string? ParentId { get; init; }

    public required HeldOutMetrics Base { get; init; }

    public required HeldOutMetrics Before { get; init; }

    public required HeldOutMetrics After { get; init; }

    public required string Reason { get; init; }

    public required int BestEpoch { get; init; }

    public required int BestStep { get; init; }

    /// <summary>Mixture of the n-gram cache, tuned with this candidate.</summary>
    public MixtureRecord? Mixture { get; init; }

    public required IReadOnlyList<double> ValidationLosses { get; init; }

    public required IReadOnlyList<double> TrainingLosses { get; init; }

    public required long Steps { get; init; }

    public required long TrainedTokens { get; init; }
}
