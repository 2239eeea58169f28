namespace PersonaTune.Privacy.Accounting;

/// <summary>The Laplace mechanism.</summary>
/// <param name="NoiseMultiplier">Scale b divided by the L1 sensitivity, finite and above 0.</param>
public sealed record LaplaceEvent(double NoiseMultiplier) : PrivacyEvent
{
    /// <summary>Scale b divided by the L1 sensitivity, finite and above 0.</summary>
    public double NoiseMultiplier { get; } = EventArgument.Positive(NoiseMultiplier, nameof(LaplaceEvent));
}
