namespace PersonaTune.Cli.Inspection;

/// <summary>A tensor's entry in a file; the shape is slowest index first, as (rows, columns).</summary>
internal sealed record TensorSummary(string Name, string Type, IReadOnlyList<long> Shape, long Bytes)
{
    public string ShapeText => $"({string.Join(", ", Shape)})";
}
