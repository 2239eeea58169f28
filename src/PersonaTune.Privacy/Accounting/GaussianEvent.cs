namespace PersonaTune.Privacy.Accounting;

/// <summary>The Gaussian mechanism.</summary>
/// <param name="NoiseMultiplier">Standard deviation divided by the L2 sensitivity, finite and 0 or more; 0 means no noise.</param>
public sealed record GaussianEvent(double NoiseMultiplier) : PrivacyEvent
{
    /// <summary>Standard deviation divided by the L2 sensitivity, finite and 0 or more; 0 means no noise.</summary>
    public double NoiseMultiplier { get; } = EventArgument.NonNegative(NoiseMultiplier, nameof(GaussianEvent));
}
