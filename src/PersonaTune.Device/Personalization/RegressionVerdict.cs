namespace PersonaTune.Device.Personalization;

/// <summary>What a regression monitor thinks of the active adapter.</summary>
/// <param name="Regressed">Whether it should be rolled back.</param>
/// <param name="Messages">Messages in the window.</param>
/// <param name="Comparison">Active adapter against its parent; positive differences mean that the adapter is worse.</param>
public sealed record RegressionVerdict(bool Regressed, int Messages, PairedComparison Comparison);
