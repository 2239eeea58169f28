namespace PersonaTune.Device.Imaging;

/// <summary>Picture file formats.</summary>
public enum ImageFormat
{
    /// <summary>None that is known here.</summary>
    Unknown,

    /// <summary>Portable Network Graphics (ISO/IEC 15948).</summary>
    Png,

    /// <summary>JPEG (ITU-T T.81): baseline, extended sequential and progressive, 8 bits, Huffman coded.</summary>
    Jpeg,

    /// <summary>Windows bitmap.</summary>
    Bmp,

    /// <summary>Netpbm's P1 to P6.</summary>
    Pnm,
}
