using System.Security.Cryptography;
using System.Text;

namespace PersonaTune.Privacy.Sealing;

/// <summary>
/// Keys from keys: HKDF-SHA256 (RFC 5869). The <c>info</c> of a derived key is the purpose and its fields, each preceded by
/// its length, so that no two lists of fields give the same bytes. Thread-safe.
/// </summary>
public static class KeyDerivation
{
    /// <summary>The longest output: 255 hashes.</summary>
    public const int MaxOutputLength = 255 * 32;

    /// <summary>Plain HKDF-SHA256: extract with <paramref name="salt"/>, expand with <paramref name="info"/>.</summary>
    public static void Derive(ReadOnlySpan<byte> inputKey, ReadOnlySpan<byte> salt, ReadOnlySpan<byte> info, Span<byte> output) =>
        HKDF.DeriveKey(HashAlgorithmName.SHA256, inputKey, output, salt, info);

    /// <summary>A subkey of 32 bytes of <paramref name="key"/> for one purpose, bound to <paramref name="fields"/>.</summary>
    public static SecretKey Subkey(ReadOnlySpan<byte> key, string purpose, ReadOnlySpan<byte> fields = default)
    {
        Span<byte> output = stackalloc byte[32];
        Derive(key, default, Info(purpose, fields), output);
        var subkey = SecretKey.Copy(output);
        CryptographicOperations.ZeroMemory(output);
        return subkey;
    }

    /// <summary>
    /// A keyed, deterministic tag of <paramref name="length"/> bytes (HMAC-SHA256, truncated) for a list of fields: an opaque
    /// identifier for a name that must not be visible, yet must be found again.
    /// </summary>
    public static byte[] Tag(ReadOnlySpan<byte> key, string purpose, int length, params ReadOnlySpan<string> fields)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(length, 16);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(length, 32);
        using var writer = new SealWriter();
        writer.WriteText(purpose);
        foreach (var field in fields) writer.WriteText(field);
        return HMACSHA256.HashData(key, writer.Written)[..length];
    }

    internal static byte[] Info(string purpose, ReadOnlySpan<byte> fields)
    {
        using var writer = new SealWriter();
        writer.WriteField(Encoding.UTF8.GetBytes(purpose));
        writer.WriteField(fields);
        return writer.ToArray();
    }
}
