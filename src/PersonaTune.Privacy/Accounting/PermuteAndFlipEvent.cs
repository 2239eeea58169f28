namespace PersonaTune.Privacy.Accounting;

/// <summary>Permute-and-flip (McKenna and Sheldon 2020), epsilon-DP.</summary>
/// <param name="Epsilon">Its epsilon.</param>
public sealed record PermuteAndFlipEvent(double Epsilon) : PrivacyEvent;
