using FsCheck;
using FsCheck.Fluent;
using PersonaTune.Privacy.SecureAggregation;

namespace PersonaTune.Privacy.Tests.SecureAggregation.Primitives;

public class RobustShamirTests
{
    [Fact]
    public void False_shares_up_to_half_of_the_spare_ones_are_corrected_and_named() =>
        Prop.ForAll(Gen.Choose(2, 15).Zip(Gen.Choose(0, 15)).ToArbitrary(), ArbMap.Default.ArbFor<int>(), (sizes, seed) =>
        {
            var (threshold, spare) = sizes;
            var random = new Random(seed);
            var secret = new SeededRandom(seed).Bytes(32);
            var shares = ShamirSharing.Split(secret, threshold, threshold + spare, new SeededRandom(~seed));
            random.Shuffle(shares);
            var liars = random.Next(spare / 2 + 1);
            var named = shares.Take(liars).Select(s => s.X).Order().ToArray();
            for (var i = 0; i < liars; i++) shares[i] = Falsify(shares[i], random.Next(5), (ulong)random.NextInt64(1, 1L << 60));
            return RobustShamir.Combine(shares, threshold, 32, out var positions).SequenceEqual(secret) && positions.SequenceEqual(named);
        }).QuickCheckThrowOnFailure();

    [Fact]
    public void A_secret_of_zeros_is_a_secret_too()
    {
        var shares = ShamirSharing.Split(new byte[32], 3, 7, new SeededRandom(1));
        shares[4] = Falsify(shares[4], 0, 1);
        Assert.Equal(new byte[32], RobustShamir.Combine(shares, 3, 32, out var positions));
        Assert.Equal([5], positions);
    }

    [Fact]
    public void Shares_that_are_all_zero_give_zero()
    {
        var shares = Enumerable.Range(1, 5).Select(x => new KeyShare(x, [0])).ToArray();
        Assert.Equal(new byte[7], RobustShamir.Combine(shares, 2, 7, out var positions));
        Assert.Empty(positions);
    }

    [Fact]
    public void Too_many_false_shares_are_refused()
    {
        // Independent random values lie on a polynomial of degree < 4 within distance 3 with a probability below C(10, 7) p^-3; seeds are fixed.
        var shares = ShamirSharing.Split(new SeededRandom(2).Bytes(32), 4, 10, new SeededRandom(3));
        for (var i = 0; i < 4; i++) shares[i] = Falsify(shares[i], 0, 1000003UL * (ulong)(i + 1) * (ulong)(i + 7));
        var e = Assert.Throws<ShareException>(() => RobustShamir.Combine(shares, 4, 32, out _));
        Assert.Equal(ShareDefect.Inconsistent, e.Defect);
    }

    [Fact]
    public void Liars_in_different_limbs_count_together()
    {
        var shares = ShamirSharing.Split(new SeededRandom(4).Bytes(32), 3, 7, new SeededRandom(5));
        for (var i = 0; i < 3; i++) shares[i] = Falsify(shares[i], i, 12345); // one a limb, three in all, two can be corrected
        Assert.Throws<ShareException>(() => RobustShamir.Combine(shares, 3, 32, out _));
    }

    private static KeyShare Falsify(KeyShare share, int limb, ulong by)
    {
        var limbs = share.Limbs.ToArray();
        limbs[limb] = Field61.Add(limbs[limb], by);
        return new KeyShare(share.X, limbs);
    }
}
