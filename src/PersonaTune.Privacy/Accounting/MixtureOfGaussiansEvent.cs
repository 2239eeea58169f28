namespace PersonaTune.Privacy.Accounting;

/// <summary>Gaussian noise on a sum whose sensitivity is itself random (Choquette-Choo et al. 2023).</summary>
/// <param name="StandardDeviation">Standard deviation of the noise.</param>
/// <param name="Sensitivities">The possible sensitivities.</param>
/// <param name="SamplingProbabilities">Their probabilities; they sum to 1.</param>
public sealed record MixtureOfGaussiansEvent(double StandardDeviation, IReadOnlyList<double> Sensitivities, IReadOnlyList<double> SamplingProbabilities) : PrivacyEvent;
