namespace PersonaTune.Cli.Inspection;

/// <summary>Values to write: shape slowest index first.</summary>
internal sealed record NamedTensor(string Name, IReadOnlyList<long> Shape, float[] Values);
