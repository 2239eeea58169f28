namespace PersonaTune.Engine.Vision;

/// <summary>Interpolation between pixels; when shrinking, each is widened so that every source pixel counts (antialiasing).</summary>
public enum ResampleFilter
{
    /// <summary>Triangle of one pixel.</summary>
    Bilinear,

    /// <summary>Cubic of two pixels with a = -0.5 (Keys 1981).</summary>
    Bicubic,
}
