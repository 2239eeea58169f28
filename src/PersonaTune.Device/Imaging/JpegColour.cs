namespace PersonaTune.Device.Imaging;

/// <summary>What a JPEG file's components mean. Adobe's files hold the colours of print inverted.</summary>
internal enum JpegColour
{
    Grey,
    YCbCr,
    Rgb,
    Cmyk,
    Ycck,
}
