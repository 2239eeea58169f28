using System.Globalization;
using System.Numerics;
using System.Security.Cryptography;

namespace PersonaTune.Privacy.Sealing;

/// <summary>
/// P-256 public keys as uncompressed points: 0x04, x, y, big-endian (SEC 1, 2.3.3). The curve has prime order, so a point that
/// satisfies its equation generates the whole group and needs no further check (RFC 9180, 7.1.4).
/// </summary>
internal static class P256PublicKey
{
    public const int Length = 65;
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

    /// <summary>Decodes and checks a point. Not every platform's import checks the curve equation, so it is checked here.</summary>
    public static ECParameters Parse(ReadOnlySpan<byte> encoded, string subject)
    {
        if (encoded.Length != Length)
            throw new InvalidPublicKeyException(subject, $"the public key has {encoded.Length} bytes, expected {Length}; pass an uncompressed P-256 point");
        if (encoded[0] != 4)
            throw new InvalidPublicKeyException(subject, $"the public key starts with {encoded[0]}, expected 4; pass an uncompressed P-256 point");
        var x = new BigInteger(encoded.Slice(1, CoordinateBytes), isUnsigned: true, isBigEndian: true);
        var y = new BigInteger(encoded[(1 + CoordinateBytes)..], isUnsigned: true, isBigEndian: true);
        if (x >= Prime || y >= Prime || !((y * y - ((x * x * x) - (3 * x) + B)) % Prime).IsZero)
            throw new InvalidPublicKeyException(subject, "the public key is not a point of P-256; it was altered or belongs to another curve");
        return new ECParameters
        {
            Curve = ECCurve.NamedCurves.nistP256,
            Q = new ECPoint { X = encoded.Slice(1, CoordinateBytes).ToArray(), Y = encoded[(1 + CoordinateBytes)..].ToArray() },
        };
    }

    /// <summary>Encodes a point.</summary>
    public static byte[] Encode(ECPoint point)
    {
        var encoded = new byte[Length];
        encoded[0] = 4;
        point.X!.CopyTo(encoded, 1);
        point.Y!.CopyTo(encoded, 1 + CoordinateBytes);
        return encoded;
    }

    private static BigInteger Number(string hex) => BigInteger.Parse("0" + hex, NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture);
}
