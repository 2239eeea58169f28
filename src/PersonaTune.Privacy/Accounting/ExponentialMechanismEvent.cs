namespace PersonaTune.Privacy.Accounting;

/// <summary>The exponential mechanism, epsilon-DP by bounded range.</summary>
/// <param name="Epsilon">Its epsilon.</param>
public sealed record ExponentialMechanismEvent(double Epsilon) : PrivacyEvent;
