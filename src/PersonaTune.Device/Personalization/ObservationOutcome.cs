using PersonaTune.Device.Adapters;

namespace PersonaTune.Device.Personalization;

/// <summary>What watching an accepted message led to.</summary>
/// <param name="Verdict">The monitor's judgement; null where the base model runs alone or the text has no tokens.</param>
/// <param name="RolledBack">The adapter that was taken back, or null.</param>
public sealed record ObservationOutcome(RegressionVerdict? Verdict, AdapterEntry? RolledBack);
