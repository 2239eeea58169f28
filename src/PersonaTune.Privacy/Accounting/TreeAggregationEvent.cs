namespace PersonaTune.Privacy.Accounting;

/// <summary>Prefix sums by binary-tree aggregation in which a record takes part in one step of one tree at most (single epoch; Kairouz et al. 2021).</summary>
/// <param name="NoiseMultiplier">Standard deviation at each node divided by the L2 sensitivity.</param>
/// <param name="StepCounts">Number of steps of each tree; a restart begins a new one.</param>
public sealed record TreeAggregationEvent(double NoiseMultiplier, IReadOnlyList<int> StepCounts) : PrivacyEvent;
