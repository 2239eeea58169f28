namespace PersonaTune.Engine.Vision;

/// <summary>Views of one prepared picture: as it is, mirrored, and slightly enlarged towards each corner. The same picture gives the same views.</summary>
internal static class PhotoVariants
{
    private const double Zoom = 0.94;

    /// <summary>View <paramref name="index"/> of a picture (side, side, 3); 0 is the picture itself. Without mirroring, views are enlargements alone.</summary>
    public static byte[] Make(byte[] pixels, int side, int index, bool mirror)
    {
        if (index == 0) return pixels;
        if (mirror && index == 1) return Mirror(pixels, side);
        var corner = index - (mirror ? 2 : 1);
        var rest = side * (1 - Zoom);
        var view = Resampler.Resize(new RgbImage(side, side, pixels), corner % 2 * rest, corner / 2 % 2 * rest, side * Zoom, side * Zoom, side, side, ResampleFilter.Bilinear);
        // Of the enlarged views every second one along a diagonal is mirrored, so that both directions see all corners' mean.
        return mirror && corner % 4 is 1 or 2 ? Mirror(view, side) : view;
    }

    public static byte[] Mirror(byte[] pixels, int side)
    {
        var result = new byte[pixels.Length];
        for (var y = 0; y < side; y++)
            for (var x = 0; x < side; x++) pixels.AsSpan((y * side + side - 1 - x) * 3, 3).CopyTo(result.AsSpan((y * side + x) * 3));
        return result;
    }
}
