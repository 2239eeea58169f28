namespace PersonaTune.Aggregator.Rounds;

/// <summary>The answer to an action, after its commit.</summary>
/// <typeparam name="T">What is answered.</typeparam>
/// <param name="Value">The answer.</param>
/// <param name="Repeated">Whether the action had been carried out before and this is the stored answer.</param>
public sealed record ActionOutcome<T>(T Value, bool Repeated);
