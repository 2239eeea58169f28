namespace PersonaTune.Privacy.Sealing;

/// <summary>Why the encoding of a public key was refused.</summary>
public enum PointDefect
{
    /// <summary>Not 65 bytes.</summary>
    WrongLength,

    /// <summary>The first byte is not 4, the mark of an uncompressed point.</summary>
    WrongPrefix,

    /// <summary>The point at infinity: the one byte 0, or coordinates of zero.</summary>
    Infinity,

    /// <summary>A coordinate is not below the field's prime.</summary>
    CoordinateOutOfField,

    /// <summary>The coordinates do not satisfy the curve's equation.</summary>
    NotOnCurve,
}
