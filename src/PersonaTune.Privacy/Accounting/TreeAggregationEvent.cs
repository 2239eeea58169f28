namespace PersonaTune.Privacy.Accounting;

/// <summary>
/// Prefix sums by binary-tree aggregation in which a record takes part in one step of one tree at most (single epoch; Kairouz et al.
/// 2021).
/// </summary>
/// <param name="NoiseMultiplier">Standard deviation at each node divided by the L2 sensitivity, 0 or more.</param>
/// <param name="StepCounts">Number of steps of each tree, each 0 or more; a restart begins a new one. At least one tree.</param>
public sealed record TreeAggregationEvent(double NoiseMultiplier, IReadOnlyList<int> StepCounts) : PrivacyEvent
{
    /// <summary>Standard deviation at each node divided by the L2 sensitivity, 0 or more.</summary>
    public double NoiseMultiplier { get; } = EventArgument.NonNegative(NoiseMultiplier, nameof(TreeAggregationEvent));

    /// <summary>Number of steps of each tree, each 0 or more; a restart begins a new one. At least one tree.</summary>
    public IReadOnlyList<int> StepCounts { get; } = Trees(StepCounts);

    private static IReadOnlyList<int> Trees(IReadOnlyList<int>? counts)
    {
        var trees = EventArgument.List(counts, static count => count >= 0, "0 or more", nameof(TreeAggregationEvent), nameof(StepCounts));
        return EventArgument.Check(
            trees.Count > 0, trees, "a count for each of one or more trees", nameof(TreeAggregationEvent), nameof(StepCounts));
    }
}
