namespace PersonaTune.Aggregator.Aggregation;

/// <summary>What a round would release.</summary>
/// <param name="State">The next global state.</param>
/// <param name="Contributors">Devices in it.</param>
/// <param name="Excluded">Positions of cohorts that the norm gate left out.</param>
internal sealed record Candidate(GlobalState State, int Contributors, IReadOnlyList<int> Excluded);
