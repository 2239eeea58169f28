namespace PersonaTune.Privacy.Accounting;

/// <summary>An event on a Poisson sample: every record is included on its own with the given probability.</summary>
/// <param name="SamplingProbability">Probability q of inclusion, 0 to 1.</param>
/// <param name="Event">What was done to the sample.</param>
public sealed record PoissonSampledEvent(double SamplingProbability, PrivacyEvent Event) : PrivacyEvent;
