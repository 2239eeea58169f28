namespace PersonaTune.Engine.Vision;

/// <summary>
/// Separable resampling with the filter widened when shrinking: the value of a target pixel is the normalized sum of filter((source + 0.5 - centre) /
/// scale) over the source pixels, first along rows, then along columns, as Pillow computes it. Thread-safe.
/// </summary>
internal static class Resampler
{
    /// <summary>Resamples the rectangle (left, top, width, height), in source pixels, to (targetHeight, targetWidth, 3) bytes.</summary>
    public static byte[] Resize(RgbImage image, double left, double top, double width, double height, int targetWidth, int targetHeight, ResampleFilter filter)
    {
        var columns = Taps(left, width, image.Width, targetWidth, filter);
        var rows = Taps(top, height, image.Height, targetHeight, filter);
        var (firstRow, lastRow) = (rows[0].First, rows[^1].First + rows[^1].Weights.Length);
        // Only the rows that some target row reads are made.
        var narrow = new float[(lastRow - firstRow) * targetWidth * 3];
        for (var y = firstRow; y < lastRow; y++)
        {
            var source = image.Pixels.AsSpan(y * image.Width * 3, image.Width * 3);
            var target = narrow.AsSpan((y - firstRow) * targetWidth * 3, targetWidth * 3);
            for (var x = 0; x < targetWidth; x++)
            {
                var (first, weights) = columns[x];
                float red = 0, green = 0, blue = 0;
                var at = first * 3;
                foreach (var weight in weights)
                {
                    red += weight * source[at];
                    green += weight * source[at + 1];
                    blue += weight * source[at + 2];
                    at += 3;
                }

                (target[3 * x], target[3 * x + 1], target[3 * x + 2]) = (Round(red), Round(green), Round(blue));
            }
        }

        var result = new byte[targetHeight * targetWidth * 3];
        var sums = new float[targetWidth * 3];
        for (var y = 0; y < targetHeight; y++)
        {
            Array.Clear(sums);
            var (first, weights) = rows[y];
            for (var i = 0; i < weights.Length; i++)
                Kernels.Elementwise.AddScaled(narrow.AsSpan((first - firstRow + i) * sums.Length, sums.Length), weights[i], sums);
            for (var i = 0; i < sums.Length; i++) result[y * sums.Length + i] = (byte)Round(sums[i]);
        }

        return result;
    }

    private static float Round(float value) => Math.Clamp(MathF.Floor(value + 0.5f), 0f, 255f);

    private static (int First, float[] Weights)[] Taps(double start, double length, int size, int target, ResampleFilter filter)
    {
        var step = length / target;
        var scale = Math.Max(1, step);
        var reach = scale * (filter == ResampleFilter.Bilinear ? 1 : 2);
        var taps = new (int First, float[] Weights)[target];
        for (var i = 0; i < target; i++)
        {
            var centre = start + (i + 0.5) * step;
            var first = (int)Math.Clamp(Math.Floor(centre - reach + 0.5), 0, size - 1);
            var last = (int)Math.Clamp(Math.Floor(centre + reach + 0.5), first + 1, size);
            var weights = new double[last - first];
            for (var k = 0; k < weights.Length; k++) weights[k] = Weight((first + k + 0.5 - centre) / scale, filter);
            var sum = weights.Sum();
            taps[i] = (first, Array.ConvertAll(weights, weight => (float)(weight / sum)));
        }

        return taps;
    }

    private static double Weight(double distance, ResampleFilter filter)
    {
        var x = Math.Abs(distance);
        if (filter == ResampleFilter.Bilinear) return Math.Max(0, 1 - x);
        const double A = -0.5;
        return x < 1 ? ((A + 2) * x - (A + 3)) * x * x + 1 : x < 2 ? (((x - 5) * x + 8) * x - 4) * A : 0;
    }
}
