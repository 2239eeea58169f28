using System.Security.Cryptography;

namespace PersonaTune.Privacy.Sealing;

/// <summary>LabeledExtract and LabeledExpand (RFC 9180, section 4) over HKDF-SHA256. Labels are ASCII.</summary>
internal static class HpkeKdf
{
    public const int HashLength = 32;

    public static void Extract(ReadOnlySpan<byte> suite, ReadOnlySpan<byte> salt, ReadOnlySpan<byte> label, ReadOnlySpan<byte> ikm, Span<byte> prk)
    {
        using var labeled = new SealWriter();
        labeled.WriteFixed("HPKE-v1"u8);
        labeled.WriteFixed(suite);
        labeled.WriteFixed(label);
        labeled.WriteFixed(ikm);
        HKDF.Extract(HashAlgorithmName.SHA256, labeled.Written, salt, prk);
    }

    public static void Expand(ReadOnlySpan<byte> suite, ReadOnlySpan<byte> prk, ReadOnlySpan<byte> label, ReadOnlySpan<byte> info, Span<byte> output)
    {
        using var labeled = new SealWriter();
        labeled.WriteByte((byte)(output.Length >> 8));
        labeled.WriteByte((byte)output.Length);
        labeled.WriteFixed("HPKE-v1"u8);
        labeled.WriteFixed(suite);
        labeled.WriteFixed(label);
        labeled.WriteFixed(info);
        HKDF.Expand(HashAlgorithmName.SHA256, prk, output, labeled.Written);
    }
}
