namespace PersonaTune.Privacy.Accounting;

/// <summary>The discrete Laplace (geometric) mechanism: P(x) proportional to exp(-a |x|).</summary>
/// <param name="NoiseParameter">The parameter a, above 0; the larger, the less noise.</param>
/// <param name="Sensitivity">L1 sensitivity in integer units, 1 or more.</param>
public sealed record DiscreteLaplaceEvent(double NoiseParameter, int Sensitivity) : PrivacyEvent
{
    /// <summary>The parameter a, above 0; the larger, the less noise.</summary>
    public double NoiseParameter { get; } = EventArgument.Positive(NoiseParameter, nameof(DiscreteLaplaceEvent));

    /// <summary>L1 sensitivity in integer units, 1 or more.</summary>
    public int Sensitivity { get; } = EventArgument.AtLeast(Sensitivity, 1, nameof(DiscreteLaplaceEvent));
}
