using System.Buffers.Binary;

namespace PersonaTune.Privacy.Signing;

/// <summary>
/// The layout of a <c>.ptad</c> file, little-endian: magic 8, version 2, reserved 2 (zero), manifest length 4, signature length
/// 4, payload length 8; then manifest, signature, payload, and the end. See docs/formats/ptad.md.
/// </summary>
internal static class BundleFormat
{
    public const string Subject = "bundle";
    public const string Purpose = "ptad";
    public const int HeaderLength = 28;
    public const ushort Version = 1;

    /// <summary>As in PNG: a transfer that changes line ends or strips the eighth bit breaks it.</summary>
    public static ReadOnlySpan<byte> Magic => [(byte)'P', (byte)'T', (byte)'A', (byte)'D', 0x8a, 0x0d, 0x0a, 0x1a];

    public static byte[] WriteHeader(int manifest, int signature, long payload)
    {
        var header = new byte[HeaderLength];
        Magic.CopyTo(header);
        BinaryPrimitives.WriteUInt16LittleEndian(header.AsSpan(8), Version);
        BinaryPrimitives.WriteInt32LittleEndian(header.AsSpan(12), manifest);
        BinaryPrimitives.WriteInt32LittleEndian(header.AsSpan(16), signature);
        BinaryPrimitives.WriteInt64LittleEndian(header.AsSpan(20), payload);
        return header;
    }

    /// <summary>The three lengths, each within its limit.</summary>
    public static (int Manifest, int Signature, long Payload) ReadHeader(ReadOnlySpan<byte> header, BundleLimits limits)
    {
        if (!header.StartsWith(Magic))
            throw new SigningException(SigningFault.Malformed, Subject, header.StartsWith(Sealing.HpkeStreamFormat.Magic)
                ? "it is encrypted to a recipient; pass the recipient's key pair"
                : "it does not start with PTAD; it is another kind of file or was altered");
        if (BinaryPrimitives.ReadUInt16LittleEndian(header[8..]) is var version && version != Version)
            throw new SigningException(SigningFault.UnsupportedVersion, Subject,
                $"its version is {version}, expected {Version}; update PersonaTune");
        if (BinaryPrimitives.ReadUInt16LittleEndian(header[10..]) != 0)
            throw new SigningException(SigningFault.Malformed, Subject, "its reserved bytes are not zero; it was altered");
        return ((int)Length(BinaryPrimitives.ReadUInt32LittleEndian(header[12..]), limits.MaxManifestBytes, "manifest"),
            (int)Length(BinaryPrimitives.ReadUInt32LittleEndian(header[16..]), limits.MaxSignatureBytes, "signature"),
            (long)Length(BinaryPrimitives.ReadUInt64LittleEndian(header[20..]), limits.MaxPayloadBytes, "payload"));
    }

    private static ulong Length(ulong stated, long limit, string part) => stated <= (ulong)limit
        ? stated
        : throw new SigningException(SigningFault.TooLarge, Subject, $"its {part} has {stated} bytes, expected at most {limit}");
}
