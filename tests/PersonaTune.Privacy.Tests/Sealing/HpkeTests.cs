using System.Globalization;
using System.Numerics;
using System.Security.Cryptography;
using PersonaTune.Privacy.Sealing;

namespace PersonaTune.Privacy.Tests.Sealing;

public class HpkeTests
{
    private static readonly byte[] Message = "a delta"u8.ToArray();
    private static readonly byte[] Purpose = "test"u8.ToArray();

    [Fact]
    public void One_message_opens_to_what_was_sealed()
    {
        using var recipient = HpkeKeyPair.Generate();
        foreach (var length in new[] { 0, 1, 15, 16, 17, 100_000 })
        {
            var plaintext = RandomNumberGenerator.GetBytes(length);
            var bytes = Hpke.Seal(recipient.PublicKey.Span, Purpose, "ad"u8, plaintext);
            Assert.Equal(length + Hpke.Overhead, bytes.Length);
            Assert.Equal(plaintext, Hpke.Open(recipient, Purpose, "ad"u8, bytes));
        }
    }

    [Fact]
    public void Sealing_twice_gives_different_bytes()
    {
        using var recipient = HpkeKeyPair.Generate();
        Assert.NotEqual(Hpke.Seal(recipient.PublicKey.Span, Purpose, [], Message), Hpke.Seal(recipient.PublicKey.Span, Purpose, [], Message));
    }

    [Fact]
    public void Every_flipped_bit_and_every_truncation_is_refused()
    {
        using var recipient = HpkeKeyPair.Generate();
        var bytes = Hpke.Seal(recipient.PublicKey.Span, Purpose, [], Message);
        for (var i = 0; i < bytes.Length * 8; i++)
        {
            var altered = (byte[])bytes.Clone();
            altered[i / 8] ^= (byte)(1 << (i % 8));
            var e = Assert.ThrowsAny<SealException>(() => Hpke.Open(recipient, Purpose, [], altered));
            Assert.True(i < 8 * Hpke.EncapsulatedKeyLength ? e is InvalidPublicKeyException : e is TamperedException);
        }
        for (var length = 0; length < bytes.Length; length++)
            Assert.Throws<TamperedException>(() => Hpke.Open(recipient, Purpose, [], bytes.AsSpan(0, length)));
    }

    [Fact]
    public void Another_recipient_purpose_or_associated_data_is_refused()
    {
        using var recipient = HpkeKeyPair.Generate();
        using var stranger = HpkeKeyPair.Generate();
        var bytes = Hpke.Seal(recipient.PublicKey.Span, Purpose, "a"u8, Message);
        Assert.Throws<TamperedException>(() => Hpke.Open(stranger, Purpose, "a"u8, bytes));
        Assert.Throws<TamperedException>(() => Hpke.Open(recipient, "tesu"u8, "a"u8, bytes));
        Assert.Throws<TamperedException>(() => Hpke.Open(recipient, Purpose, "b"u8, bytes));
    }

    [Fact]
    public void Auth_mode_refuses_another_sender_and_does_not_mix_with_base_mode()
    {
        using var recipient = HpkeKeyPair.Generate();
        using var sender = HpkeKeyPair.Generate();
        using var stranger = HpkeKeyPair.Generate();
        var authenticated = Hpke.Seal(recipient.PublicKey.Span, Purpose, [], Message, sender);
        Assert.Equal(Message, Hpke.Open(recipient, Purpose, [], authenticated, sender.PublicKey.Span));
        Assert.Throws<TamperedException>(() => Hpke.Open(recipient, Purpose, [], authenticated, stranger.PublicKey.Span));
        Assert.Throws<TamperedException>(() => Hpke.Open(recipient, Purpose, [], authenticated));
        var anonymous = Hpke.Seal(recipient.PublicKey.Span, Purpose, [], Message);
        Assert.Throws<TamperedException>(() => Hpke.Open(recipient, Purpose, [], anonymous, sender.PublicKey.Span));
    }

    [Fact]
    public void Messages_open_only_in_their_order_and_a_refused_one_does_not_count()
    {
        using var pair = HpkeKeyPair.Generate();
        using var sender = HpkeSender.Create(pair.PublicKey.Span, Purpose);
        using var recipient = HpkeRecipient.Create(pair, sender.EncapsulatedKey.Span, Purpose);
        var first = sender.Seal("first"u8);
        var second = sender.Seal("second"u8);
        Assert.Throws<TamperedException>(() => recipient.Open(second));
        Assert.Equal(0ul, recipient.Sequence);
        Assert.Equal("first"u8.ToArray(), recipient.Open(first));
        Assert.Throws<TamperedException>(() => recipient.Open(first));
        Assert.Equal("second"u8.ToArray(), recipient.Open(second));
        Assert.Equal(sender.Sequence, recipient.Sequence);
    }

    [Fact]
    public void A_refused_message_leaves_nothing_in_the_output()
    {
        using var pair = HpkeKeyPair.Generate();
        using var sender = HpkeSender.Create(pair.PublicKey.Span, Purpose);
        using var recipient = HpkeRecipient.Create(pair, sender.EncapsulatedKey.Span, Purpose);
        var message = sender.Seal(new byte[64]);
        message[^1] ^= 1;
        var output = new byte[64];
        output.AsSpan().Fill(7);
        Assert.Throws<TamperedException>(() => recipient.Open(message, [], output));
        Assert.All(output, b => Assert.True(b is 0 or 7));
        Assert.Throws<ArgumentException>(() => recipient.Open(message, [], new byte[63]));
        Assert.Throws<ArgumentException>(() => sender.Seal(new byte[64], [], new byte[64]));
    }

    [Fact]
    public void A_context_never_repeats_a_nonce()
    {
        using var pair = HpkeKeyPair.Generate();
        using var sender = HpkeSender.Create(pair.PublicKey.Span, Purpose);
        sender.Context.Sequence = ulong.MaxValue - 1;
        sender.Seal(Message);
        Assert.Throws<SealException>(() => sender.Seal(Message));
    }

    [Fact]
    public void Exports_depend_on_context_and_length_and_are_bounded()
    {
        using var pair = HpkeKeyPair.Generate();
        using var sender = HpkeSender.Create(pair.PublicKey.Span, Purpose);
        using var a = sender.Export("a"u8, 32);
        using var b = sender.Export("b"u8, 32);
        using var longer = sender.Export("a"u8, 33);
        Assert.NotEqual(a.Bytes.ToArray(), b.Bytes.ToArray());
        Assert.NotEqual(a.Bytes.ToArray(), longer.Bytes[..32].ToArray());
        Assert.Throws<ArgumentOutOfRangeException>(() => sender.Export([], 0));
        Assert.Throws<ArgumentOutOfRangeException>(() => sender.Export([], KeyDerivation.MaxOutputLength + 1));
    }

    public static TheoryData<string> BadPoints =>
    [
        "", "00", new string('0', 130),
        "04" + new string('0', 128), // (0, 0) is not on the curve
        "02" + HpkeVectors.Rfc9180A31.PublicR[2..], // a compressed point's prefix
        HpkeVectors.Rfc9180A31.PublicR[..^2], HpkeVectors.Rfc9180A31.PublicR + "00",
        "04" + HpkeVectors.Rfc9180A31.PublicR[66..] + HpkeVectors.Rfc9180A31.PublicR[2..66], // x and y exchanged
        "04" + new string('f', 128), // coordinates above p
    ];

    [Theory]
    [MemberData(nameof(BadPoints))]
    public void What_is_not_a_point_is_refused(string hex)
    {
        using var pair = HpkeKeyPair.Generate();
        var point = ReferenceRows.Bytes(hex);
        Assert.Throws<InvalidPublicKeyException>(() => Hpke.Seal(point, Purpose, [], Message));
        Assert.Throws<InvalidPublicKeyException>(() => HpkeRecipient.Create(pair, point, Purpose));
        if (point.Length > 0)
            Assert.Throws<InvalidPublicKeyException>(() => HpkeRecipient.Create(pair, pair.PublicKey.Span, Purpose, point));
    }

    // x + p has the same residue as x and would be a second encoding of the same point. (0, sqrt b) is a point with an x below 2^256 - p.
    [Fact]
    public void A_second_encoding_of_a_point_is_refused()
    {
        var p = BigInteger.Parse("0ffffffff00000001000000000000000000000000ffffffffffffffffffffffff", NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture);
        var b = BigInteger.Parse("05ac635d8aa3a93e7b3ebbd55769886bc651d06b0cc53b0f63bce3c3e27d2604b", NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture);
        var y = BigInteger.ModPow(b, (p + 1) / 4, p);
        Assert.Equal(b, y * y % p);
        Assert.Equal(P256PublicKey.Length, Hpke.Seal(Point(0, y), Purpose, [], []).Length - Hpke.TagLength);
        Assert.Throws<InvalidPublicKeyException>(() => Hpke.Seal(Point(p, y), Purpose, [], []));

        static byte[] Point(BigInteger x, BigInteger y) =>
            [4, .. Coordinate(x), .. Coordinate(y)];
        static byte[] Coordinate(BigInteger value) =>
            ReferenceRows.Bytes(value.ToString("x64", CultureInfo.InvariantCulture)[^64..]);
    }

    [Theory]
    [InlineData("")]
    [InlineData("0000000000000000000000000000000000000000000000000000000000000000")]
    [InlineData("ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551")]
    [InlineData("ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff")]
    [InlineData("00000000000000000000000000000000000000000000000000000000000001")]
    public void What_is_not_a_private_key_is_refused(string hex) => Assert.Throws<SealException>(() => HpkeKeyPair.Import(ReferenceRows.Bytes(hex)));

    [Theory]
    [InlineData("0000000000000000000000000000000000000000000000000000000000000001")]
    [InlineData("ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632550")]
    public void The_least_and_greatest_private_keys_are_accepted(string hex)
    {
        using var pair = HpkeKeyPair.Import(ReferenceRows.Bytes(hex));
        using var exported = pair.ExportPrivateKey();
        Assert.Equal(hex, Convert.ToHexStringLower(exported.Bytes));
        // SEC 2, 2.4.2: x of the generator; 1 and n - 1 share it.
        Assert.Equal("6b17d1f2e12c4247f8bce6e563a440f277037d812deb33a0f4a13945d898c296", Convert.ToHexStringLower(pair.PublicKey.Span[1..33]));
    }

    [Fact]
    public void A_short_seed_is_refused() => Assert.Throws<ArgumentOutOfRangeException>(() => HpkeKeyPair.Derive(new byte[31]));
}
