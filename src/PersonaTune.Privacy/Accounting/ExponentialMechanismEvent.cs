namespace PersonaTune.Privacy.Accounting;

/// <summary>The exponential mechanism, epsilon-DP by bounded range.</summary>
/// <param name="Epsilon">Its epsilon, finite and 0 or more.</param>
public sealed record ExponentialMechanismEvent(double Epsilon) : PrivacyEvent
{
    /// <summary>Its epsilon, finite and 0 or more.</summary>
    public double Epsilon { get; } = EventArgument.NonNegative(Epsilon, nameof(ExponentialMechanismEvent));
}
