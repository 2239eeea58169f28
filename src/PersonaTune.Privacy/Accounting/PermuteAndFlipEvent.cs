namespace PersonaTune.Privacy.Accounting;

/// <summary>Permute-and-flip (McKenna and Sheldon 2020), epsilon-DP.</summary>
/// <param name="Epsilon">Its epsilon, finite and 0 or more.</param>
public sealed record PermuteAndFlipEvent(double Epsilon) : PrivacyEvent
{
    /// <summary>Its epsilon, finite and 0 or more.</summary>
    public double Epsilon { get; } = EventArgument.NonNegative(Epsilon, nameof(PermuteAndFlipEvent));
}
