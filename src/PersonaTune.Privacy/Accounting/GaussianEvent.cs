namespace PersonaTune.Privacy.Accounting;

/// <summary>The Gaussian mechanism.</summary>
/// <param name="NoiseMultiplier">Standard deviation divided by the L2 sensitivity; 0 means no noise.</param>
public sealed record GaussianEvent(double NoiseMultiplier) : PrivacyEvent;
