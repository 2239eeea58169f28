using System.Globalization;
using System.Numerics;
using PersonaTune.Privacy.Sealing;
using PersonaTune.Privacy.SecureAggregation;

namespace PersonaTune.Privacy.Tests.SecureAggregation.Primitives;

public class P256PointTests
{
    // SEC 2, version 2, section 2.4.2 (secp256r1): the base point.
    private const string BaseX = "6b17d1f2e12c4247f8bce6e563a440f277037d812deb33a0f4a13945d898c296";
    private const string BaseY = "4fe342e2fe1a7f9b8ee7eb4a7c0f9e162bce33576b315ececbb6406837bf51f5";

    private static readonly BigInteger P = Number("ffffffff00000001000000000000000000000000ffffffffffffffffffffffff");

    [Fact]
    public void The_base_point_and_its_negative_are_valid()
    {
        P256Point.Validate(Convert.FromHexString("04" + BaseX + BaseY));
        P256Point.Validate(Convert.FromHexString("04" + BaseX + Hex(P - Number(BaseY))));
    }

    [Fact]
    public void The_public_keys_of_the_reference_vectors_are_valid()
    {
        foreach (var row in ReferenceRows.Read("n5_p256_ecdh_vectors.csv"))
        {
            P256Point.Validate(ReferenceRows.Bytes(row[1]));
            P256Point.Validate(ReferenceRows.Bytes(row[3]));
        }
    }

    public static TheoryData<string, PointDefect> BadPoints => new()
    {
        { "", PointDefect.WrongLength },
        { "00", PointDefect.Infinity },
        { "04", PointDefect.WrongLength },
        { "04" + BaseX, PointDefect.WrongLength },
        { "04" + BaseX + BaseY + "00", PointDefect.WrongLength },
        { "03" + BaseX, PointDefect.WrongLength }, // compressed: valid elsewhere, not here
        { "03" + BaseX + BaseY, PointDefect.WrongPrefix },
        { "07" + BaseX + BaseY, PointDefect.WrongPrefix }, // hybrid (X9.62)
        { "00" + BaseX + BaseY, PointDefect.WrongPrefix },
        { "04" + new string('0', 128), PointDefect.Infinity },
        { "04" + BaseX + BaseX, PointDefect.NotOnCurve },
        { "04" + BaseY + BaseX, PointDefect.NotOnCurve },
        { "04" + BaseX + Flip(BaseY), PointDefect.NotOnCurve },
        { "04" + Flip(BaseX) + BaseY, PointDefect.NotOnCurve },
        { "04" + BaseX + new string('0', 64), PointDefect.NotOnCurve }, // y = 0 would have order 2
        { "04" + new string('f', 128), PointDefect.CoordinateOutOfField },
        { "04" + Hex(P) + BaseY, PointDefect.CoordinateOutOfField },
        { "04" + BaseX + Hex(P), PointDefect.CoordinateOutOfField },
        // x = 5 is on the curve, and 5 + p would be a second encoding of the same point.
        { "04" + Hex(P + 5) + Hex(SquareRoot(5)), PointDefect.CoordinateOutOfField },
    };

    [Theory]
    [MemberData(nameof(BadPoints))]
    public void Bytes_that_are_no_point_are_refused_with_the_reason(string hex, PointDefect defect)
    {
        var encoded = Convert.FromHexString(hex);
        Assert.Equal(defect, Assert.Throws<InvalidPointException>(() => P256Point.Validate(encoded)).Defect);
        using var key = EphemeralKey.Generate(new SeededRandom(1));
        Assert.Equal(defect, Assert.Throws<InvalidPointException>(() => key.Agree(encoded)).Defect);
    }

    [Fact]
    public void The_point_that_the_second_encoding_stands_for_is_valid() =>
        P256Point.Validate(Convert.FromHexString("04" + Hex(5) + Hex(SquareRoot(5))));

    private static string Flip(string hex) => hex[..^1] + (hex[^1] == '0' ? '1' : '0');

    private static string Hex(BigInteger value) =>
        Convert.ToHexStringLower(value.ToByteArray(isUnsigned: true, isBigEndian: true)).PadLeft(64, '0');

    private static BigInteger Number(string hex) =>
        BigInteger.Parse("0" + hex, NumberStyles.HexNumber, CultureInfo.InvariantCulture);

    // p = 3 mod 4, so a root of a square w is w^((p + 1) / 4).
    private static BigInteger SquareRoot(BigInteger x)
    {
        var w = ((x * x * x - 3 * x + Number("5ac635d8aa3a93e7b3ebbd55769886bc651d06b0cc53b0f63bce3c3e27d2604b")) % P + P) % P;
        return BigInteger.ModPow(w, (P + 1) / 4, P);
    }
}
