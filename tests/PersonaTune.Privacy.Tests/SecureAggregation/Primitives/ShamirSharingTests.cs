using System.Numerics;
using FsCheck;
using FsCheck.Fluent;
using PersonaTune.Privacy.SecureAggregation;

namespace PersonaTune.Privacy.Tests.SecureAggregation.Primitives;

public class ShamirSharingTests
{
    private static readonly byte[] Secret = new SeededRandom(3).Bytes(32);

    [Fact]
    public void Any_threshold_of_the_shares_give_the_secret() =>
        Prop.ForAll(
            Gen.Choose(1, 70).SelectMany(length => Gen.Choose(0, 255).Select(b => (byte)b).ArrayOf(length)).ToArbitrary(),
            Gen.Choose(2, 12).Zip(Gen.Choose(0, 12)).ToArbitrary(), ArbMap.Default.ArbFor<int>(), (secret, sizes, seed) =>
        {
            var (threshold, extra) = sizes;
            var shares = ShamirSharing.Split(secret, threshold, threshold + extra, new SeededRandom(seed));
            new Random(seed).Shuffle(shares);
            return ShamirSharing.Combine(shares.AsSpan(0, threshold), threshold, secret.Length).SequenceEqual(secret)
                && ShamirSharing.Combine(shares, threshold, secret.Length).SequenceEqual(secret);
        }).QuickCheckThrowOnFailure();

    [Fact]
    public void Shares_lie_on_the_polynomials_that_the_random_source_chose()
    {
        // The definition, in big integers: value(x) = limb + c1 x + c2 x^2 mod p, limbs of seven bytes, little-endian.
        var shares = ShamirSharing.Split(Secret, 3, 6, new SeededRandom(4));
        var random = new SeededRandom(4);
        Assert.Equal(Enumerable.Range(1, 6), shares.Select(s => s.X));
        for (var limb = 0; limb < 5; limb++)
        {
            var constant = new BigInteger(Secret.AsSpan(7 * limb, Math.Min(7, 32 - 7 * limb)), isUnsigned: true);
            var drawn = random.Bytes(16);
            var c = Enumerable.Range(0, 2).Select(i => new BigInteger(drawn.AsSpan(8 * i, 8), isUnsigned: true) % (BigInteger.One << 61)).ToArray();
            foreach (var share in shares)
                Assert.Equal((constant + c[0] * share.X + c[1] * share.X * share.X) % Field61.Modulus, share.Limbs[limb]);
        }
    }

    [Fact]
    public void One_share_too_few_is_consistent_with_every_secret() =>
        Prop.ForAll(Field61Tests.Element.Select(v => v >> 5).ToArbitrary(), guess =>
        {
            // Whatever seven-byte secret is guessed, some value of a missing share completes the two known ones to it: with
            // x = 1, 2 known and 3 free, secret = 3 s1 - 3 s2 + s3.
            var known = ShamirSharing.Split(Secret.AsSpan(0, 7), 3, 3, new SeededRandom(5));
            var third = Field61.Add(guess, Field61.Multiply(3, Field61.Subtract(known[1].Limbs[0], known[0].Limbs[0])));
            var secret = ShamirSharing.Combine([known[0], known[1], new KeyShare(3, [third])], 3, 7);
            return new BigInteger(secret, isUnsigned: true) == guess;
        }).QuickCheckThrowOnFailure();

    [Fact]
    public void A_share_survives_its_encoding() =>
        Prop.ForAll(Gen.Choose(1, KeyShare.MaxPosition).ToArbitrary(), Field61Tests.Element.ArrayOf(5).ToArbitrary(), (x, limbs) =>
        {
            var encoded = new KeyShare(x, limbs).ToBytes();
            var share = KeyShare.Parse(encoded, 32);
            return encoded.Length == 44 && share.X == x && share.Limbs.SequenceEqual(limbs);
        }).QuickCheckThrowOnFailure();

    [Fact]
    public void The_encoding_is_fixed() => Assert.Equal(
        "0300000001000000000000000200000000000000030000000000000004000000000000000500000000000000",
        Convert.ToHexStringLower(new KeyShare(3, [1, 2, 3, 4, 5]).ToBytes()));

    [Theory]
    [InlineData(43, ShareDefect.WrongLength)]
    [InlineData(45, ShareDefect.WrongLength)]
    [InlineData(0, ShareDefect.WrongLength)]
    public void An_encoding_of_the_wrong_length_is_refused(int length, ShareDefect defect) =>
        Assert.Equal(defect, Assert.Throws<ShareException>(() => KeyShare.Parse(new byte[length], 32)).Defect);

    [Theory]
    [InlineData("00000000", "0100000000000000", ShareDefect.PositionOutOfRange)]
    [InlineData("00000100", "0100000000000000", ShareDefect.PositionOutOfRange)] // 65,536
    [InlineData("ffffffff", "0100000000000000", ShareDefect.PositionOutOfRange)]
    [InlineData("01000000", "ffffffffffffff1f", ShareDefect.ValueOutOfField)] // p
    [InlineData("01000000", "0000000000000020", ShareDefect.ValueOutOfField)]
    [InlineData("01000000", "ffffffffffffffff", ShareDefect.ValueOutOfField)]
    public void An_encoding_with_a_bad_position_or_value_is_refused(string position, string limb, ShareDefect defect) =>
        Assert.Equal(defect, Assert.Throws<ShareException>(() => KeyShare.Parse(Convert.FromHexString(position + limb), 7)).Defect);

    [Fact]
    public void Sets_of_shares_that_give_no_secret_are_refused()
    {
        var shares = ShamirSharing.Split(Secret, 3, 5, new SeededRandom(6));
        Refused(ShareDefect.TooFewShares, 0, shares[..2], 3, 32);
        Refused(ShareDefect.TooFewShares, 0, [], 3, 32);
        Refused(ShareDefect.DuplicatePosition, 2, [shares[0], shares[1], shares[1]], 3, 32);
        Refused(ShareDefect.DuplicatePosition, 1, [.. shares, shares[0]], 3, 32);
        Refused(ShareDefect.WrongLimbCount, 1, shares, 3, 28);
        Refused(ShareDefect.WrongLimbCount, 4, [shares[0], shares[1], shares[2], new KeyShare(4, [1])], 3, 32);
    }

    [Fact]
    public void A_limb_that_outgrows_its_bytes_shows_a_false_share()
    {
        var shares = ShamirSharing.Split(Secret, 2, 2, new SeededRandom(7));
        // With x = 1, 2 the secret is 2 s1 - s2: the last limb (four bytes) moves by 2^33 when s2 falls by it.
        var limbs = shares[1].Limbs.ToArray();
        limbs[4] = Field61.Subtract(limbs[4], 1UL << 33);
        Refused(ShareDefect.Inconsistent, 0, [shares[0], new KeyShare(2, limbs)], 2, 32);
        limbs[4] = shares[1].Limbs[4];
        limbs[0] = Field61.Subtract(limbs[0], 1UL << 57);
        Refused(ShareDefect.Inconsistent, 0, [shares[0], new KeyShare(2, limbs)], 2, 32);
    }

    [Theory]
    [InlineData(1, 5, 32)]
    [InlineData(6, 5, 32)]
    [InlineData(2, 65536, 32)]
    [InlineData(2, 3, 0)]
    [InlineData(2, 3, 1025)]
    public void Sharing_with_senseless_numbers_is_refused(int threshold, int count, int length) =>
        Assert.Throws<ArgumentOutOfRangeException>(() => ShamirSharing.Split(new byte[length], threshold, count));

    [Fact]
    public void A_combiner_computes_the_coefficients_of_a_set_once()
    {
        var combiner = new ShamirCombiner();
        for (var i = 0; i < 20; i++)
        {
            var secret = new SeededRandom(i).Bytes(32);
            var shares = ShamirSharing.Split(secret, 4, 8);
            Assert.Equal(secret, combiner.Combine(shares, 4, 32));
            Assert.Equal(secret, combiner.Combine(shares.AsSpan(i % 2, 4), 4, 32));
        }

        Assert.Equal(2, combiner.CachedSets); // 1 2 3 4 and 2 3 4 5
    }

    [Fact]
    public void The_system_generator_is_the_default()
    {
        var (a, b) = (ShamirSharing.Split(Secret, 2, 2), ShamirSharing.Split(Secret, 2, 2));
        Assert.NotEqual(a[0].ToBytes(), b[0].ToBytes()); // false alarm 2^-305
    }

    [Fact]
    public void Disposing_a_share_zeroes_it()
    {
        var share = ShamirSharing.Split(Secret, 2, 2)[0];
        share.Dispose();
        Assert.True(share.Limbs.IndexOfAnyExcept(0UL) < 0);
    }

    private static void Refused(ShareDefect defect, int position, KeyShare[] shares, int threshold, int length)
    {
        var e = Assert.Throws<ShareException>(() => ShamirSharing.Combine(shares, threshold, length));
        Assert.Equal((defect, position), (e.Defect, e.Position));
        Assert.Equal(defect, Assert.Throws<ShareException>(() => RobustShamir.Combine(shares, threshold, length, out _)).Defect);
    }
}
