namespace PersonaTune.Engine.Formats;

/// <summary>How <see cref="ModelExporter"/> stores weights.</summary>
public sealed record ExportOptions
{
    /// <summary>Type of the matrices: F32, F16 or BF16. Default F16. Norm vectors take it too.</summary>
    public SafetensorsType Type { get; init; } = SafetensorsType.F16;
}
