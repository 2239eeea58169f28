namespace PersonaTune.Engine.Inference;

/// <summary>The rows [First, First + Count) of a forward pass: consecutive new tokens of one sequence.</summary>
internal readonly record struct SequenceRows(KvCache Cache, AdapterStack Adapters, int First, int Count);
