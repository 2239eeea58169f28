namespace PersonaTune.Privacy.Accounting;

/// <summary>Gaussian noise on a sum whose sensitivity is itself random (Choquette-Choo et al. 2023).</summary>
/// <param name="StandardDeviation">Standard deviation of the noise, above 0.</param>
/// <param name="Sensitivities">The possible sensitivities, each finite and 0 or more.</param>
/// <param name="SamplingProbabilities">Their probabilities, one for each sensitivity; they sum to 1.</param>
public sealed record MixtureOfGaussiansEvent(
    double StandardDeviation, IReadOnlyList<double> Sensitivities, IReadOnlyList<double> SamplingProbabilities) : PrivacyEvent
{
    /// <summary>Standard deviation of the noise, above 0.</summary>
    public double StandardDeviation { get; } = EventArgument.Positive(StandardDeviation, nameof(MixtureOfGaussiansEvent));

    /// <summary>The possible sensitivities, each finite and 0 or more.</summary>
    public IReadOnlyList<double> Sensitivities { get; } = EventArgument.List(
        Sensitivities, static value => double.IsFinite(value) && value >= 0, "a finite number, 0 or more", nameof(MixtureOfGaussiansEvent));

    /// <summary>Their probabilities, one for each sensitivity; they sum to 1.</summary>
    public IReadOnlyList<double> SamplingProbabilities { get; } = Weights(SamplingProbabilities, Sensitivities);

    private static IReadOnlyList<double> Weights(IReadOnlyList<double>? weights, IReadOnlyList<double> sensitivities)
    {
        var list = EventArgument.List(
            weights, static weight => weight is >= 0 and <= 1, "0 to 1", nameof(MixtureOfGaussiansEvent), nameof(SamplingProbabilities));
        EventArgument.Check(
            list.Count == sensitivities.Count, list, $"one for each of {sensitivities.Count} sensitivities",
            nameof(MixtureOfGaussiansEvent), nameof(SamplingProbabilities));
        return EventArgument.Check(
            Math.Abs(list.Sum() - 1) <= 1e-9, list, "a sum of 1", nameof(MixtureOfGaussiansEvent), nameof(SamplingProbabilities));
    }
}
