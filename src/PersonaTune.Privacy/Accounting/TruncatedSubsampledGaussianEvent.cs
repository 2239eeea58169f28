namespace PersonaTune.Privacy.Accounting;

/// <summary>The Gaussian mechanism on a Poisson sample that is cut down to a maximum batch size (Chua et al. 2024).</summary>
/// <param name="DatasetSize">Number of records, 1 or more.</param>
/// <param name="SamplingProbability">Probability of inclusion, 0 to 1.</param>
/// <param name="TruncatedBatchSize">The largest batch, 0 or more.</param>
/// <param name="NoiseMultiplier">Standard deviation divided by the L2 sensitivity, 0 or more.</param>
public sealed record TruncatedSubsampledGaussianEvent(
    int DatasetSize, double SamplingProbability, int TruncatedBatchSize, double NoiseMultiplier) : PrivacyEvent
{
    /// <summary>Number of records, 1 or more.</summary>
    public int DatasetSize { get; } = EventArgument.AtLeast(DatasetSize, 1, nameof(TruncatedSubsampledGaussianEvent));

    /// <summary>Probability of inclusion, 0 to 1.</summary>
    public double SamplingProbability { get; } = EventArgument.Probability(SamplingProbability, nameof(TruncatedSubsampledGaussianEvent));

    /// <summary>The largest batch, 0 or more.</summary>
    public int TruncatedBatchSize { get; } = EventArgument.AtLeast(TruncatedBatchSize, 0, nameof(TruncatedSubsampledGaussianEvent));

    /// <summary>Standard deviation divided by the L2 sensitivity, 0 or more.</summary>
    public double NoiseMultiplier { get; } = EventArgument.NonNegative(NoiseMultiplier, nameof(TruncatedSubsampledGaussianEvent));
}
