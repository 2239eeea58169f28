namespace PersonaTune.Engine.Formats;

/// <summary>Limits while reading safetensors files.</summary>
public sealed record SafetensorsOptions
{
    /// <summary>The limit of the format's own reference reader.</summary>
    public const int ModelHeaderBytes = 100_000_000;

    /// <summary>The limit for adapters, which come from strangers more often than models do.</summary>
    public const int AdapterHeaderBytes = 1 << 20;

    /// <summary>Limits for models: <see cref="ModelHeaderBytes"/>.</summary>
    public static SafetensorsOptions Model { get; } = new();

    /// <summary>Limits for adapters: <see cref="AdapterHeaderBytes"/>.</summary>
    public static SafetensorsOptions Adapter { get; } = new() { MaxHeaderBytes = AdapterHeaderBytes };

    /// <summary>Longest header that is read, in bytes. Default 100,000,000.</summary>
    public int MaxHeaderBytes { get; init; } = ModelHeaderBytes;
}
