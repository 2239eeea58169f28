using PersonaTune.Protocol.Rounds;

namespace PersonaTune.Protocol.Operations;

/// <summary>Cohorts in a state.</summary>
/// <param name="State">The state.</param>
/// <param name="Count">How many.</param>
public sealed record StateCount(RoundState State, int Count);
