namespace PersonaTune.Privacy.Accounting;

/// <summary>A mechanism of which nothing is known but its (epsilon, delta).</summary>
/// <param name="Epsilon">Its epsilon, finite and 0 or more.</param>
/// <param name="Delta">Its delta, 0 to 1.</param>
public sealed record EpsilonDeltaEvent(double Epsilon, double Delta) : PrivacyEvent
{
    /// <summary>Its epsilon, finite and 0 or more.</summary>
    public double Epsilon { get; } = EventArgument.NonNegative(Epsilon, nameof(EpsilonDeltaEvent));

    /// <summary>Its delta, 0 to 1.</summary>
    public double Delta { get; } = EventArgument.Probability(Delta, nameof(EpsilonDeltaEvent));
}
