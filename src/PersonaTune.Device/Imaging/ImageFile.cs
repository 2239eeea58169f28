using PersonaTune.Engine.Vision;

namespace PersonaTune.Device.Imaging;

/// <summary>
/// Decodes PNG, JPEG, BMP and PNM pictures to RGB. Hostile bytes give an <see cref="ImageFormatException"/>; memory stays within a few bytes a pixel, and pixels are
/// only provided for when the file is long enough to describe them. Colour profiles and gamma are ignored; transparent pixels are put on white. Static and thread-safe.
/// </summary>
public static class ImageFile
{
    /// <summary>The format by the first bytes.</summary>
    public static ImageFormat Detect(ReadOnlySpan<byte> bytes)
    {
        if (bytes.StartsWith(PngDecoder.Signature)) return ImageFormat.Png;
        if (bytes.Length >= 3 && bytes[0] == 0xFF && bytes[1] == 0xD8 && bytes[2] == 0xFF) return ImageFormat.Jpeg;
        if (bytes.StartsWith("BM"u8)) return ImageFormat.Bmp;
        return bytes.Length >= 3 && bytes[0] == 'P' && bytes[1] is >= (byte)'1' and <= (byte)'6' && bytes[2] is (byte)' ' or (byte)'\n' or (byte)'\r' or (byte)'\t' or (byte)'#'
            ? ImageFormat.Pnm : ImageFormat.Unknown;
    }

    /// <summary>Decodes a picture; <paramref name="name"/> names it in messages.</summary>
    /// <exception cref="ImageFormatException">The bytes are damaged, unsupported or above a limit.</exception>
    public static RgbImage Decode(ReadOnlySpan<byte> bytes, string name = "picture", ImageLimits? limits = null)
    {
        ArgumentNullException.ThrowIfNull(name);
        limits ??= ImageLimits.Default;
        if (bytes.Length > limits.MaxFileBytes) throw TooLong(name, bytes.Length, limits);
        return Detect(bytes) switch
        {
            ImageFormat.Png => new PngDecoder(bytes, name, limits).Decode(),
            ImageFormat.Jpeg => new JpegDecoder(bytes, name, limits).Decode(),
            ImageFormat.Bmp => new BmpDecoder(bytes, name, limits).Decode(),
            ImageFormat.Pnm => new PnmDecoder(bytes, name, limits).Decode(),
            _ => throw new ImageFormatException(name, "this is no picture of a known format; PNG, JPEG, BMP and PNM (PGM, PPM, PBM) are read"),
        };
    }

    /// <summary>Reads and decodes a file.</summary>
    /// <exception cref="ImageFormatException">The file is damaged, unsupported or above a limit.</exception>
    /// <exception cref="IOException">The file cannot be read.</exception>
    public static async Task<RgbImage> ReadAsync(string path, ImageLimits? limits = null, CancellationToken cancellationToken = default)
    {
        limits ??= ImageLimits.Default;
        var length = new FileInfo(path).Length;
        if (length > limits.MaxFileBytes) throw TooLong(path, length, limits);
        return Decode(await File.ReadAllBytesAsync(path, cancellationToken), path, limits);
    }

    private static ImageFormatException TooLong(string name, long length, ImageLimits limits) =>
        new(name, $"the file has {length:N0} bytes; at most {limits.MaxFileBytes:N0} are read; use a smaller picture or raise ImageLimits.MaxFileBytes");
}
