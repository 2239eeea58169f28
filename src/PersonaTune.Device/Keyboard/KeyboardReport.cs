namespace PersonaTune.Device.Keyboard;

/// <summary>The protocol's result for all people.</summary>
public sealed record KeyboardReport
{
    /// <summary>SHA-256 of the base model.</summary>
    public required string BaseDigest { get; init; }

    /// <summary>The people in the order of the input.</summary>
    public required IReadOnlyList<KeyboardPersonResult> People { get; init; }

    /// <summary>People left out because they have too few messages to split.</summary>
    public required IReadOnlyList<string> Skipped { get; init; }

    /// <summary>Medians over the people, by method.</summary>
    public required IReadOnlyDictionary<KeyboardMethod, KeyboardMedians> Medians { get; init; }

    /// <summary>Median of the training seconds.</summary>
    public required double MedianTrainingSeconds { get; init; }

    /// <summary>Largest peak memory, in bytes.</summary>
    public required long PeakMemoryBytes { get; init; }

    /// <summary>Sums a run up.</summary>
    internal static KeyboardReport Create(string baseDigest, IReadOnlyList<KeyboardPersonResult> people, IReadOnlyList<string> skipped) => new()
    {
        BaseDigest = baseDigest,
        People = people,
        Skipped = skipped,
        Medians = people.Count == 0
            ? new Dictionary<KeyboardMethod, KeyboardMedians>()
            : people[0].Metrics.Keys.ToDictionary(method => method, method =>
            {
                var metrics = people.Select(person => person.Metrics[method]).ToList();
                return new KeyboardMedians(
                    Median(metrics.Select(m => m.PerplexityPerWord)), Median(metrics.Select(m => m.Top1Accuracy)),
                    Median(metrics.Select(m => m.Top3Accuracy)), Median(metrics.Select(m => m.KeystrokeSavings)));
            }),
        MedianTrainingSeconds = people.Count == 0 ? 0 : Median(people.Select(person => person.TrainingSeconds)),
        PeakMemoryBytes = people.Count == 0 ? 0 : people.Max(person => person.PeakMemoryBytes),
    };

    private static double Median(IEnumerable<double> values)
    {
        var sorted = values.Order().ToList();
        return (sorted[(sorted.Count - 1) / 2] + sorted[sorted.Count / 2]) / 2;
    }
}
