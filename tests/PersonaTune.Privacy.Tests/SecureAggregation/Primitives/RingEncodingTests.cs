using FsCheck;
using FsCheck.Fluent;
using PersonaTune.Privacy.SecureAggregation;

namespace PersonaTune.Privacy.Tests.SecureAggregation.Primitives;

public class RingEncodingTests
{
    private static readonly Arbitrary<int> Bits = Gen.Choose(2, 32).ToArbitrary();

    [Fact]
    public void Decoding_gives_back_every_value_in_range() =>
        Prop.ForAll(ArbMap.Default.ArbFor<int>(), Bits, (seed, bits) =>
        {
            var value = RingEncoding.Decode((uint)seed, bits); // some value in range
            var word = RingEncoding.Encode(value, bits);
            return word < 1UL << bits && RingEncoding.Decode(word, bits) == value && RingEncoding.Decode((uint)value, bits) == value
                && (word - (long)value) % (1L << bits) == 0;
        }).QuickCheckThrowOnFailure();

    [Fact]
    public void A_sum_of_words_decodes_to_the_sum_of_values_exactly_when_it_fits() =>
        Prop.ForAll(ArbMap.Default.ArbFor<short[]>(), values =>
        {
            const int BitCount = 20;
            uint sum = 0;
            foreach (var value in values) sum += RingEncoding.Encode(value, BitCount);
            var truth = values.Sum(v => (long)v);
            var inRange = truth is >= -(1 << 19) and < 1 << 19;
            return (RingEncoding.Decode(sum, BitCount) == truth) == inRange;
        }).QuickCheckThrowOnFailure();

    [Theory]
    [InlineData(16, 32767, -32768)]
    [InlineData(20, 524287, -524288)]
    [InlineData(24, 8388607, -8388608)]
    [InlineData(32, int.MaxValue, int.MinValue)]
    public void The_ends_of_the_range_are_exact(int bits, int largest, int smallest)
    {
        Assert.Equal(largest, RingEncoding.MaxMagnitude(bits));
        Assert.Equal(largest, RingEncoding.Decode(RingEncoding.Encode(largest, bits), bits));
        Assert.Equal(smallest, RingEncoding.Decode(RingEncoding.Encode(smallest, bits), bits));
        var e = Assert.Throws<RingOverflowException>(() => RingEncoding.Encode(largest + 1L, bits));
        Assert.Equal((bits, largest + 1.0), (e.Bits, e.Needed));
        Assert.Throws<RingOverflowException>(() => RingEncoding.Encode(smallest - 1L, bits));
        Assert.Throws<RingOverflowException>(() => RingEncoding.Encode(long.MinValue, bits));
    }

    [Fact]
    public void Vectors_are_encoded_word_by_word()
    {
        int[] values = [0, 1, -1, 32767, -32768];
        var words = new uint[5];
        RingEncoding.Encode(values, 16, words);
        Assert.Equal([0u, 1, 0xFFFF, 0x7FFF, 0x8000], words);
        var back = new int[5];
        RingEncoding.Decode(words, 16, back);
        Assert.Equal(values, back);
        Assert.Throws<ArgumentException>(() => RingEncoding.Encode(values, 16, new uint[4]));
        Assert.Throws<ArgumentException>(() => RingEncoding.Decode(words, 16, new int[6]));
        Assert.Throws<RingOverflowException>(() => RingEncoding.Encode([40000], 16, new uint[1]));
    }

    [Fact]
    public void Without_noise_a_sum_fits_up_to_the_last_unit()
    {
        Assert.True(RingEncoding.Fits(16, 7, 4681)); // 7 * 4681 = 32767
        Assert.False(RingEncoding.Fits(16, 8, 4096)); // 32768
        Assert.False(RingEncoding.Fits(32, int.MaxValue, long.MaxValue)); // no overflow in the rule itself
        RingEncoding.EnsureFits(16, 7, 4681);
        var e = Assert.Throws<RingOverflowException>(() => RingEncoding.EnsureFits(16, 8, 4096));
        Assert.Equal(32768, e.Needed);
    }

    [Theory]
    [InlineData(2.0, 1, 20)]
    [InlineData(10.0, 100, 20)]
    [InlineData(30.0, 1 << 20, 40)]
    public void Noise_exceeds_its_tail_no_more_often_than_promised(double sigma, long dimensions, int exponent)
    {
        var tail = RingEncoding.NoiseTail(sigma, dimensions, exponent);
        var promised = Math.ScaleB(1, -exponent) / dimensions;
        Assert.InRange(2 * DiscreteGaussianAbove(tail, sigma), 0, promised);
        Assert.InRange(2 * SkellamAbove(tail, sigma * sigma), 0, promised);
        // Not so wide that it would waste bits: six tenths of it are exceeded too often.
        Assert.True(2 * SkellamAbove(0.6 * tail, sigma * sigma) > promised);
    }

    [Fact]
    public void Noise_takes_room_from_the_sum()
    {
        var tail = RingEncoding.NoiseTail(1000, 1 << 20);
        var room = RingEncoding.MaxMagnitude(20) - (long)Math.Ceiling(tail);
        Assert.True(RingEncoding.Fits(20, 1, room, 1000, 1 << 20));
        Assert.False(RingEncoding.Fits(20, 1, room + 2, 1000, 1 << 20));
        Assert.Equal(0, RingEncoding.NoiseTail(0, 1));
    }

    [Fact]
    public void Wrong_arguments_are_refused()
    {
        Assert.Throws<ArgumentOutOfRangeException>(() => RingEncoding.MaxMagnitude(1));
        Assert.Throws<ArgumentOutOfRangeException>(() => RingEncoding.MaxMagnitude(33));
        Assert.Throws<ArgumentOutOfRangeException>(() => RingEncoding.Fits(16, 0, 1));
        Assert.Throws<ArgumentOutOfRangeException>(() => RingEncoding.Fits(16, 1, -1));
        Assert.Throws<ArgumentOutOfRangeException>(() => RingEncoding.Fits(16, 1, 1, double.NaN));
        Assert.Throws<ArgumentOutOfRangeException>(() => RingEncoding.Fits(16, 1, 1, -1));
        Assert.Throws<ArgumentOutOfRangeException>(() => RingEncoding.Fits(16, 1, 1, double.PositiveInfinity));
        Assert.Throws<ArgumentOutOfRangeException>(() => RingEncoding.Fits(16, 1, 1, 1, 0));
        Assert.Throws<ArgumentOutOfRangeException>(() => RingEncoding.Fits(16, 1, 1, 1, 1, 0));
    }

    // P(X >= tail), summed from the definition.
    private static double DiscreteGaussianAbove(double tail, double sigma)
    {
        var reach = (int)(40 * sigma);
        var (total, above) = (0.0, 0.0);
        for (var x = -reach; x <= reach; x++)
        {
            var mass = Math.Exp(-x * (double)x / (2 * sigma * sigma));
            total += mass;
            if (x >= tail) above += mass;
        }

        return above / total;
    }

    // P(A - B >= tail) of two Poisson variables of mean variance / 2.
    private static double SkellamAbove(double tail, double variance)
    {
        var mean = variance / 2;
        var length = (int)(mean + 60 * Math.Sqrt(mean) + 60);
        var mass = new double[length];
        for (var (k, log) = (0, -mean); k < length; log += Math.Log(mean / ++k)) mass[k] = Math.Exp(log);
        var above = new double[length + 1];
        for (var k = length - 1; k >= 0; k--) above[k] = above[k + 1] + mass[k];
        var sum = 0.0;
        for (var b = 0; b < length; b++) sum += mass[b] * above[Math.Min(length, b + (int)Math.Ceiling(tail))];
        return sum;
    }
}
