namespace PersonaTune.Engine.Vision;

/// <summary>A picture in memory: red, green and blue, 8 bits each in sRGB, row by row from the top left. Treat the pixels as immutable once shared.</summary>
public sealed class RgbImage
{
    /// <summary>Wraps pixels (not copied).</summary>
    /// <param name="width">Columns, 1 to 65,535.</param>
    /// <param name="height">Rows, 1 to 65,535.</param>
    /// <param name="pixels">(height, width, 3).</param>
    /// <exception cref="ArgumentException">The length is not height x width x 3.</exception>
    public RgbImage(int width, int height, byte[] pixels)
    {
        ArgumentNullException.ThrowIfNull(pixels);
        ArgumentOutOfRangeException.ThrowIfLessThan(width, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(width, 65_535);
        ArgumentOutOfRangeException.ThrowIfLessThan(height, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(height, 65_535);
        if (pixels.Length != (long)width * height * 3)
            throw new ArgumentException($"a picture of {width} x {height} needs {(long)width * height * 3} bytes of RGB, found {pixels.Length}", nameof(pixels));
        (Width, Height, Pixels) = (width, height, pixels);
    }

    /// <summary>Columns.</summary>
    public int Width { get; }

    /// <summary>Rows.</summary>
    public int Height { get; }

    /// <summary>(height, width, 3), row-major.</summary>
    public byte[] Pixels { get; }
}
