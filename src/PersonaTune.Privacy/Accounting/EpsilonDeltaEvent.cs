namespace PersonaTune.Privacy.Accounting;

/// <summary>A mechanism of which nothing is known but its (epsilon, delta).</summary>
/// <param name="Epsilon">Its epsilon.</param>
/// <param name="Delta">Its delta.</param>
public sealed record EpsilonDeltaEvent(double Epsilon, double Delta) : PrivacyEvent;
