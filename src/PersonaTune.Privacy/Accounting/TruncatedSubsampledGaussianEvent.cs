namespace PersonaTune.Privacy.Accounting;

/// <summary>The Gaussian mechanism on a Poisson sample that is cut down to a maximum batch size (Chua et al. 2024).</summary>
/// <param name="DatasetSize">Number of records.</param>
/// <param name="SamplingProbability">Probability of inclusion, 0 to 1.</param>
/// <param name="TruncatedBatchSize">The largest batch.</param>
/// <param name="NoiseMultiplier">Standard deviation divided by the L2 sensitivity.</param>
public sealed record TruncatedSubsampledGaussianEvent(int DatasetSize, double SamplingProbability, int TruncatedBatchSize, double NoiseMultiplier) : PrivacyEvent;
