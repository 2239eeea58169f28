using System.Globalization;
using System.Numerics;
using System.Security.Cryptography;

namespace PersonaTune.Privacy.Sealing;

/// <summary>
/// P-256 public keys as uncompressed points: 4, then x and y big-endian (SEC 1, 2.3.3). The curve has prime order, so a point other than
/// infinity that satisfies its equation generates the whole group and needs no further check (RFC 9180, 7.1.4). Works on public values only,
/// in variable time. Not every platform's import checks the curve equation, so it is checked here.
/// </summary>
internal static class P256PublicKey
{
    public const int Length = 1 + (2 * CoordinateBytes);
    private const int CoordinateBytes = 32;

    // FIPS 186-4, D.1.2.3: y^2 = x^3 - 3 x + b over the integers modulo p.
    private static readonly BigInteger Prime = Number("ffffffff00000001000000000000000000000000ffffffffffffffffffffffff");
    private static readonly BigInteger B = Number("5ac635d8aa3a93e7b3ebbd55769886bc651d06b0cc53b0f63bce3c3e27d2604b");

    /// <summary>The group's order, big-endian.</summary>
    public static ReadOnlySpan<byte> Order =>
    [
        0xff, 0xff, 0xff, 0xff, 0x00, 0x00, 0x00, 0x00, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
        0xbc, 0xe6, 0xfa, 0xad, 0xa7, 0x17, 0x9e, 0x84, 0xf3, 0xb9, 0xca, 0xc2, 0xfc, 0x63, 0x25, 0x51,
    ];

    /// <summary>What is wrong with an encoding, or null, and the sentence that says so.</summary>
    public static PointDefect? FindDefect(ReadOnlySpan<byte> encoded, out string problem)
    {
        (PointDefect? defect, problem) = encoded switch
        {
            [0] => (PointDefect.Infinity, "expected a point of prime order, got the point at infinity; refuse the sender"),
            { Length: not Length } => (PointDefect.WrongLength, $"expected {Length} bytes, got {encoded.Length}; pass an uncompressed P-256 point"),
            [not 4, ..] => (PointDefect.WrongPrefix, $"expected the first byte 4, got {encoded[0]}; pass an uncompressed P-256 point"),
            _ when !encoded[1..].ContainsAnyExcept((byte)0) =>
                (PointDefect.Infinity, "expected a point of prime order, got the point at infinity; refuse the sender"),
            _ => ((PointDefect?)null, string.Empty),
        };
        if (defect is not null) return defect;
        var x = new BigInteger(encoded.Slice(1, CoordinateBytes), isUnsigned: true, isBigEndian: true);
        var y = new BigInteger(encoded[(1 + CoordinateBytes)..], isUnsigned: true, isBigEndian: true);
        if (x >= Prime || y >= Prime)
        {
            problem = "a coordinate is not below the field's prime; it was altered or belongs to another curve";
            return PointDefect.CoordinateOutOfField;
        }

        if (((y * y - ((x * x * x) - (3 * x) + B)) % Prime).IsZero) return null;
        problem = "the coordinates do not satisfy y^2 = x^3 - 3 x + b; it was altered or belongs to another curve";
        return PointDefect.NotOnCurve;
    }

    /// <summary>Checks and decodes a point.</summary>
    /// <exception cref="InvalidPublicKeyException">It is no point of the curve; the message names <paramref name="subject"/>.</exception>
    public static ECParameters Parse(ReadOnlySpan<byte> encoded, string subject) => FindDefect(encoded, out var problem) is null
        ? Decode(encoded)
        : throw new InvalidPublicKeyException(subject, $"the public key: {problem}");

    /// <summary>Decodes a point that was checked.</summary>
    public static ECParameters Decode(ReadOnlySpan<byte> valid) => new()
    {
        Curve = ECCurve.NamedCurves.nistP256,
        Q = new ECPoint { X = valid.Slice(1, CoordinateBytes).ToArray(), Y = valid[(1 + CoordinateBytes)..].ToArray() },
    };

    /// <summary>Encodes a point.</summary>
    public static byte[] Encode(ECPoint point)
    {
        var encoded = new byte[Length];
        encoded[0] = 4;
        point.X!.CopyTo(encoded, 1 + CoordinateBytes - point.X.Length);
        point.Y!.CopyTo(encoded, Length - point.Y.Length);
        return encoded;
    }

    private static BigInteger Number(string hex) =>
        BigInteger.Parse("0" + hex, NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture);
}
