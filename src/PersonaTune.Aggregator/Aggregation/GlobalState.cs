namespace PersonaTune.Aggregator.Aggregation;

/// <summary>What the next round starts from.</summary>
/// <param name="Vector">The global adapter's coordinates.</param>
/// <param name="Optimizer">The server optimizer's state; empty at the start.</param>
internal sealed record GlobalState(ReadOnlyMemory<float> Vector, ReadOnlyMemory<byte> Optimizer);
