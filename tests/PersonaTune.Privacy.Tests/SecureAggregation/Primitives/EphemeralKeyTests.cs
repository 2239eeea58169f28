using System.Numerics;
using PersonaTune.Privacy.SecureAggregation;

namespace PersonaTune.Privacy.Tests.SecureAggregation.Primitives;

public class EphemeralKeyTests
{
    // SEC 2, version 2, section 2.4.2: the order of the base point.
    private const string Order = "ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551";

    [Fact]
    public void Agrees_with_all_reference_vectors_from_both_sides()
    {
        // n5: P-256 by another implementation.
        var rows = ReferenceRows.Read("n5_p256_ecdh_vectors.csv");
        Assert.NotEmpty(rows);
        foreach (var row in rows)
        {
            using var a = EphemeralKey.FromScalar(ReferenceRows.Bytes(row[0]));
            using var b = EphemeralKey.FromScalar(ReferenceRows.Bytes(row[2]));
            Assert.Equal(row[1], Convert.ToHexStringLower(a.PublicKey));
            Assert.Equal(row[3], Convert.ToHexStringLower(b.PublicKey));
            Assert.Equal(row[4], Convert.ToHexStringLower(a.Agree(b.PublicKey)));
            Assert.Equal(row[4], Convert.ToHexStringLower(b.Agree(a.PublicKey)));
            Assert.True(EphemeralKey.Matches(a.Scalar, a.PublicKey));
            Assert.False(EphemeralKey.Matches(a.Scalar, b.PublicKey));
        }
    }

    [Theory]
    [InlineData("0000000000000000000000000000000000000000000000000000000000000000")]
    [InlineData(Order)]
    [InlineData("ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632552")]
    [InlineData("ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff")]
    [InlineData("01")]
    [InlineData("")]
    [InlineData("000000000000000000000000000000000000000000000000000000000000000001")]
    public void A_scalar_outside_the_group_is_refused(string hex)
    {
        var scalar = Convert.FromHexString(hex);
        Assert.Throws<SecureAggregationException>(() => EphemeralKey.FromScalar(scalar));
        using var key = EphemeralKey.Generate(new SeededRandom(1));
        Assert.False(EphemeralKey.Matches(scalar, key.PublicKey));
    }

    [Fact]
    public void The_first_and_the_last_scalar_are_keys_and_negatives_of_each_other()
    {
        var one = new byte[32];
        one[31] = 1;
        using var first = EphemeralKey.FromScalar(one);
        using var last = EphemeralKey.FromScalar(Convert.FromHexString(Order[..^1] + "0"));
        Assert.Equal(
            "046b17d1f2e12c4247f8bce6e563a440f277037d812deb33a0f4a13945d898c2964fe342e2fe1a7f9b8ee7eb4a7c0f9e162bce33576b315ececbb6406837bf51f5",
            Convert.ToHexStringLower(first.PublicKey)); // the base point, SEC 2
        Assert.Equal(first.PublicKey[1..33], last.PublicKey[1..33]);
        var sum = new BigInteger(first.PublicKey[33..], isUnsigned: true, isBigEndian: true) + new BigInteger(last.PublicKey[33..], isUnsigned: true, isBigEndian: true);
        Assert.Equal("ffffffff00000001000000000000000000000000ffffffffffffffffffffffff", Convert.ToHexStringLower(sum.ToByteArray(isUnsigned: true, isBigEndian: true)));
        Assert.False(EphemeralKey.Matches(one, last.PublicKey));
    }

    [Fact]
    public void Generation_draws_again_until_the_scalar_is_one()
    {
        var random = new ScriptedRandom(new byte[32], Convert.FromHexString(Order), [.. Enumerable.Repeat((byte)0xFF, 32)], [.. new byte[31], 1]);
        using var key = EphemeralKey.Generate(random);
        Assert.Equal(4, random.Calls);
        Assert.Equal(1, key.Scalar[31]);
    }

    [Fact]
    public void Fresh_keys_differ()
    {
        using var a = EphemeralKey.Generate();
        using var b = EphemeralKey.Generate();
        Assert.NotEqual(a.PublicKey.ToArray(), b.PublicKey.ToArray());
        Assert.Equal(a.Agree(b.PublicKey), b.Agree(a.PublicKey));
        P256Point.Validate(a.PublicKey);
    }

    [Fact]
    public void A_disposed_key_gives_no_scalar()
    {
        var key = EphemeralKey.Generate();
        key.Dispose();
        Assert.Throws<ObjectDisposedException>(() => key.Scalar.Length);
    }
}
