namespace PersonaTune.Device.Imaging;

/// <summary>What is refused before memory is spent on it.</summary>
public sealed record ImageLimits
{
    /// <summary>The defaults.</summary>
    public static ImageLimits Default { get; } = new();

    /// <summary>Longest file in bytes. Default 64 MiB.</summary>
    public long MaxFileBytes { get; init; } = 64L << 20;

    /// <summary>Most pixels. Default 50 million.</summary>
    public long MaxPixels { get; init; } = 50_000_000;

    /// <summary>Greatest width and height. Default 16,384.</summary>
    public int MaxSide { get; init; } = 16_384;

    /// <exception cref="ImageFormatException">The size is zero or above a limit.</exception>
    internal void Demand(string subject, long width, long height)
    {
        if (width < 1 || height < 1) throw new ImageFormatException(subject, $"the picture is {width} x {height} pixels; it must have at least one");
        if (width > MaxSide || height > MaxSide || width * height > MaxPixels)
            throw new ImageFormatException(subject, $"the picture is {width} x {height} pixels; at most {MaxSide:N0} a side and {MaxPixels:N0} in all are read; scale it down or raise ImageLimits");
    }
}
