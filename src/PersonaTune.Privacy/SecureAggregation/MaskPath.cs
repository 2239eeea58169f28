namespace PersonaTune.Privacy.SecureAggregation;

/// <summary>The implementations of <see cref="MaskStream"/>; all give the same words.</summary>
internal enum MaskPath
{
    /// <summary>The platform's AES in ECB mode over counter blocks.</summary>
    Portable,

    /// <summary>AES-NI.</summary>
    X86,

    /// <summary>Armv8 cryptography extension.</summary>
    Arm,
}
