namespace PersonaTune.Device.Imaging;

/// <summary>
/// From components' samples to RGB. A component of half the width or height is interpolated linearly between the centres of its samples (weights 3/4 and 1/4), as
/// libjpeg's default does; other ratios repeat samples.
/// </summary>
internal static class JpegPixels
{
    public static void Write(JpegComponent[] components, int maxHorizontal, int maxVertical, int width, int height, JpegColour colour, byte[] pixels)
    {
        var rows = components.Select(_ => new byte[width + 16]).ToArray();
        for (var y = 0; y < height; y++)
        {
            for (var c = 0; c < components.Length; c++) Row(components[c], maxHorizontal / components[c].Horizontal, maxVertical / components[c].Vertical, y, width, height, rows[c]);
            var target = pixels.AsSpan(y * width * 3, width * 3);
            for (var x = 0; x < width; x++)
            {
                var pixel = target.Slice(3 * x, 3);
                switch (colour)
                {
                    case JpegColour.Grey:
                        (pixel[0], pixel[1], pixel[2]) = (rows[0][x], rows[0][x], rows[0][x]);
                        break;
                    case JpegColour.Rgb:
                        (pixel[0], pixel[1], pixel[2]) = (rows[0][x], rows[1][x], rows[2][x]);
                        break;
                    case JpegColour.YCbCr:
                        Convert(rows[0][x], rows[1][x], rows[2][x], pixel);
                        break;
                    default:
                        if (colour == JpegColour.Ycck) Convert(rows[0][x], rows[1][x], rows[2][x], pixel);
                        else (pixel[0], pixel[1], pixel[2]) = (rows[0][x], rows[1][x], rows[2][x]);
                        // The stored values are inverted ink: light.
                        for (var i = 0; i < 3; i++) pixel[i] = (byte)((pixel[i] * rows[3][x] + 127) / 255);
                        break;
                }
            }
        }
    }

    // ITU-R BT.601 over the full range, in 16 fractional bits.
    private static void Convert(int luma, int blue, int red, Span<byte> pixel)
    {
        var (cb, cr) = (blue - 128, red - 128);
        pixel[0] = Clamp(luma + ((91881 * cr + 32768) >> 16));
        pixel[1] = Clamp(luma + ((-22554 * cb - 46802 * cr + 32768) >> 16));
        pixel[2] = Clamp(luma + ((116130 * cb + 32768) >> 16));
    }

    private static byte Clamp(int value) => (byte)Math.Clamp(value, 0, 255);

    private static void Row(JpegComponent component, int ratioX, int ratioY, int y, int width, int height, byte[] row)
    {
        var stride = component.PaddedColumns * 8;
        // The samples that the picture has; what lies behind them is padding.
        var (lastColumn, lastRow) = ((width + ratioX - 1) / ratioX - 1, (height + ratioY - 1) / ratioY - 1);
        if (ratioX > 2 || ratioY > 2 || (ratioX == 1 && ratioY == 1))
        {
            var source = component.Samples.AsSpan(y / ratioY * stride);
            for (var x = 0; x < width; x++) row[x] = source[x / ratioX];
            return;
        }

        var near = Math.Min(y / ratioY, lastRow);
        var far = ratioY == 1 ? near : Math.Clamp(y % 2 == 0 ? near - 1 : near + 1, 0, lastRow);
        var a = component.Samples.AsSpan(near * stride);
        var b = component.Samples.AsSpan(far * stride);
        if (ratioX == 1)
        {
            for (var x = 0; x < width; x++) row[x] = (byte)((3 * a[x] + b[x] + (y % 2 == 0 ? 1 : 2)) >> 2);
            return;
        }

        for (var x = 0; x < width; x++)
        {
            var column = x / 2;
            var other = Math.Clamp(x % 2 == 0 ? column - 1 : column + 1, 0, lastColumn);
            if (ratioY == 1)
            {
                row[x] = (byte)((3 * a[column] + a[other] + (x % 2 == 0 ? 1 : 2)) >> 2);
                continue;
            }

            var (here, there) = (3 * a[column] + b[column], 3 * a[other] + b[other]);
            row[x] = (byte)((3 * here + there + (x % 2 == 0 ? 8 : 7)) >> 4);
        }
    }
}
