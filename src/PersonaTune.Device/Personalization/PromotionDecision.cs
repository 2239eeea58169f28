namespace PersonaTune.Device.Personalization;

/// <summary>What the gate decided, with both figures.</summary>
/// <param name="Promote">Whether the candidate replaces the current adapter.</param>
/// <param name="Reason">Why, in one sentence.</param>
/// <param name="Current">The current adapter's (or the base's) held-out figures.</param>
/// <param name="Candidate">The candidate's held-out figures, on the same messages.</param>
public sealed record PromotionDecision(bool Promote, string Reason, HeldOutMetrics Current, HeldOutMetrics Candidate);
