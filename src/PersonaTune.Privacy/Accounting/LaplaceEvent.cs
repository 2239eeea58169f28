namespace PersonaTune.Privacy.Accounting;

/// <summary>The Laplace mechanism.</summary>
/// <param name="NoiseMultiplier">Scale b divided by the L1 sensitivity.</param>
public sealed record LaplaceEvent(double NoiseMultiplier) : PrivacyEvent;
