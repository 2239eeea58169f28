namespace PersonaTune.Privacy.Accounting;

/// <summary>An event on a Poisson sample: every record is included on its own with the given probability.</summary>
/// <param name="SamplingProbability">Probability q of inclusion, 0 to 1.</param>
/// <param name="Event">What was done to the sample.</param>
public sealed record PoissonSampledEvent(double SamplingProbability, PrivacyEvent Event) : PrivacyEvent
{
    /// <summary>Probability q of inclusion, 0 to 1.</summary>
    public double SamplingProbability { get; } = EventArgument.Probability(SamplingProbability, nameof(PoissonSampledEvent));

    /// <summary>What was done to the sample.</summary>
    public PrivacyEvent Event { get; } = EventArgument.NotNull(Event, nameof(PoissonSampledEvent));
}
