namespace PersonaTune.Engine.Vision;

/// <summary>
/// How a picture becomes what an encoder takes: a square part of it, resampled. Immutable and thread-safe.
/// </summary>
/// <param name="Side">Width and height of the result in pixels.</param>
/// <param name="Fraction">How much of the centre square's side is kept by <see cref="PhotoFraming.CentreCrop"/>, above 0 to 1.</param>
/// <param name="Filter">Interpolation.</param>
public sealed record PhotoTransform(int Side, double Fraction = 1, ResampleFilter Filter = ResampleFilter.Bilinear)
{
    /// <summary>Cuts and resamples; returns (side, side, 3) bytes.</summary>
    public byte[] Apply(RgbImage image, PhotoFraming framing = PhotoFraming.CentreCrop)
    {
        ArgumentNullException.ThrowIfNull(image);
        if (framing == PhotoFraming.Whole) return Resampler.Resize(image, 0, 0, image.Width, image.Height, Side, Side, Filter);
        var side = Math.Max(1, Math.Min(image.Width, image.Height) * Fraction);
        return Resampler.Resize(image, (image.Width - side) / 2, (image.Height - side) / 2, side, side, Side, Side, Filter);
    }
}
