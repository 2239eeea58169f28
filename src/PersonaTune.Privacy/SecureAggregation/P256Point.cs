using System.Security.Cryptography;
using PersonaTune.Privacy.Sealing;

namespace PersonaTune.Privacy.SecureAggregation;

/// <summary>
/// Public keys on P-256 (FIPS 186-5, SP 800-186) as 65 bytes: 4, then x and y big-endian (SEC 1, uncompressed). One encoding,
/// because two encodings of one key would be two identities; uncompressed, because decoding then needs no square root and the
/// platforms import it as it is. Works on public values only, in variable time. Thread-safe.
/// </summary>
public static class P256Point
{
    /// <summary>Bytes of an encoded point.</summary>
    public const int Length = P256PublicKey.Length;

    /// <summary>Throws unless <paramref name="encoded"/> is a point of the curve other than infinity.</summary>
    /// <exception cref="InvalidPointException">It is not; the exception says why.</exception>
    public static void Validate(ReadOnlySpan<byte> encoded)
    {
        if (P256PublicKey.FindDefect(encoded, out var problem) is { } defect) throw new InvalidPointException(defect, problem);
    }

    internal static byte[] Encode(ECPoint point) => P256PublicKey.Encode(point);

    internal static ECParameters Decode(ReadOnlySpan<byte> validated) => P256PublicKey.Decode(validated);
}
