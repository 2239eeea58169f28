using System.Globalization;
using System.Numerics;
using System.Security.Cryptography;

namespace PersonaTune.Privacy.SecureAggregation;

/// <summary>
/// Public keys on P-256 (FIPS 186-5, SP 800-186) as 65 bytes: 4, then x and y big-endian (SEC 1, uncompressed). One encoding,
/// because two encodings of one key would be two identities; uncompressed, because decoding then needs no square root and the
/// platforms import it as it is. The curve has prime order, so that a valid point other than infinity needs no further check.
/// Works on public values only, in variable time. Thread-safe.
/// </summary>
public static class P256Point
{
    /// <summary>Bytes of an encoded point.</summary>
    public const int Length = 65;

    private static readonly BigInteger Prime = Parse("ffffffff00000001000000000000000000000000ffffffffffffffffffffffff");
    private static readonly BigInteger B = Parse("5ac635d8aa3a93e7b3ebbd55769886bc651d06b0cc53b0f63bce3c3e27d2604b");

    /// <summary>Throws unless <paramref name="encoded"/> is a point of the curve other than infinity.</summary>
    /// <exception cref="InvalidPointException">It is not; the exception says why.</exception>
    public static void Validate(ReadOnlySpan<byte> encoded)
    {
        if (encoded.Length == 1 && encoded[0] == 0) throw Infinity();
        if (encoded.Length != Length)
            throw new InvalidPointException(PointDefect.WrongLength, $"expected {Length} bytes, got {encoded.Length}; refuse the sender");
        if (encoded[0] != 4)
            throw new InvalidPointException(PointDefect.WrongPrefix,
                $"expected the first byte 4, got {encoded[0]}; send the uncompressed encoding");
        if (encoded[1..].IndexOfAnyExcept((byte)0) < 0) throw Infinity();
        var x = new BigInteger(encoded.Slice(1, 32), isUnsigned: true, isBigEndian: true);
        var y = new BigInteger(encoded.Slice(33, 32), isUnsigned: true, isBigEndian: true);
        if (x >= Prime || y >= Prime)
            throw new InvalidPointException(PointDefect.CoordinateOutOfField,
                "a coordinate is not below the field's prime; refuse the sender");
        if (!((y * y - (x * x * x - 3 * x + B)) % Prime).IsZero)
            throw new InvalidPointException(PointDefect.NotOnCurve,
                "the coordinates do not satisfy y^2 = x^3 - 3 x + b; refuse the sender");
    }

    internal static byte[] Encode(ECPoint point)
    {
        var encoded = new byte[Length];
        encoded[0] = 4;
        point.X!.CopyTo(encoded, 1 + 32 - point.X.Length);
        point.Y!.CopyTo(encoded, 33 + 32 - point.Y.Length);
        return encoded;
    }

    internal static ECPoint Decode(ReadOnlySpan<byte> validated) =>
        new() { X = validated.Slice(1, 32).ToArray(), Y = validated.Slice(33, 32).ToArray() };

    private static InvalidPointException Infinity() =>
        new(PointDefect.Infinity, "expected a point of prime order, got the point at infinity; refuse the sender");

    private static BigInteger Parse(string hex) =>
        BigInteger.Parse("0" + hex, NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture);
}
