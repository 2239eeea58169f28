using System.Buffers.Binary;
using PersonaTune.Engine.Vision;

namespace PersonaTune.Device.Imaging;

/// <summary>The orientation that a camera wrote into the EXIF block: tag 0x0112 of the first directory, 1 to 8.</summary>
internal static class JpegOrientation
{
    /// <summary>Reads the tag; 1 (upright) where the block does not say or is damaged.</summary>
    public static int Read(ReadOnlySpan<byte> tiff)
    {
        if (tiff.Length < 8) return 1;
        var big = tiff[0] == 'M';
        if (tiff[0] != tiff[1] || tiff[0] is not ((byte)'I' or (byte)'M')) return 1;
        var directory = UInt32(tiff[4..], big);
        if (directory > tiff.Length - 2) return 1;
        var count = UInt16(tiff[(int)directory..], big);
        for (var i = 0; i < count; i++)
        {
            var at = directory + 2 + 12L * i;
            if (at + 12 > tiff.Length) return 1;
            var entry = tiff[(int)at..];
            if (UInt16(entry, big) != 0x0112) continue;
            var value = UInt16(entry[8..], big);
            return UInt16(entry[2..], big) == 3 && value is >= 1 and <= 8 ? value : 1;
        }

        return 1;
    }

    /// <summary>The picture upright.</summary>
    public static RgbImage Apply(RgbImage image, int orientation)
    {
        if (orientation is < 2 or > 8) return image;
        var swapped = orientation >= 5;
        var (width, height) = swapped ? (image.Height, image.Width) : (image.Width, image.Height);
        var pixels = new byte[image.Pixels.Length];
        for (var y = 0; y < height; y++)
            for (var x = 0; x < width; x++)
            {
                var (sx, sy) = orientation switch
                {
                    2 => (width - 1 - x, y),
                    3 => (width - 1 - x, height - 1 - y),
                    4 => (x, height - 1 - y),
                    5 => (y, x),
                    6 => (y, width - 1 - x),
                    7 => (height - 1 - y, width - 1 - x),
                    _ => (height - 1 - y, x),
                };
                image.Pixels.AsSpan((sy * image.Width + sx) * 3, 3).CopyTo(pixels.AsSpan((y * width + x) * 3));
            }

        return new RgbImage(width, height, pixels);
    }

    private static int UInt16(ReadOnlySpan<byte> bytes, bool big) => big ? BinaryPrimitives.ReadUInt16BigEndian(bytes) : BinaryPrimitives.ReadUInt16LittleEndian(bytes);

    private static uint UInt32(ReadOnlySpan<byte> bytes, bool big) => big ? BinaryPrimitives.ReadUInt32BigEndian(bytes) : BinaryPrimitives.ReadUInt32LittleEndian(bytes);
}
