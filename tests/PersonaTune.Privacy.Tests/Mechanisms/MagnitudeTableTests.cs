using System.Numerics;
using PersonaTune.Privacy.Mechanisms;

namespace PersonaTune.Privacy.Tests.Mechanisms;

public class MagnitudeTableTests
{
    // Weights 1 : 2, so the only threshold is floor(2^191 / 3) = 0x2AAA... in 63 bits, then 0xAAAA... in 128.
    [Fact]
    public void A_tie_in_the_first_bits_is_decided_by_128_more()
    {
        var table = new MagnitudeTable([1, 2]);
        const ulong Tie = 0x2AAAAAAAAAAAAAAA << 1;
        const ulong Low = 0xAAAAAAAAAAAAAAAA;
        Assert.Equal(0, Draw(table, Tie, Low - 1, Low));
        Assert.Equal(1, Draw(table, Tie, Low, Low));
        Assert.Equal(0, Draw(table, Tie, ulong.MaxValue, Low - 1));
        Assert.Equal(0, Draw(table, Tie - 2));
        Assert.Equal(1, Draw(table, Tie + 2));
        Assert.Equal(-1, Draw(table, Tie + 3));
    }

    // Thresholds that differ only beyond the first 63 bits: the search must look at each of them.
    [Fact]
    public void Several_thresholds_with_the_same_first_bits_are_told_apart()
    {
        var unit = BigInteger.One << 61;
        var table = new MagnitudeTable([unit << 130, unit >> 1, unit >> 1, unit << 1, (unit << 130) - (3 * unit)]);
        var top = (ulong)(table.Mass(0) >> 128);
        var low = (UInt128)(table.Mass(0) & ((BigInteger.One << 128) - 1));
        for (var extra = 0; extra < 4; extra++)
        {
            var at = low + (UInt128)(table.Mass(1) * extra);
            Assert.Equal(Math.Min(extra + 1, 3), Draw(table, top << 1, (ulong)at, (ulong)(at >> 64)));
        }
    }

    [Fact]
    public void The_end_of_the_range_is_the_last_value()
    {
        for (var count = 1; count <= 20; count++)
        {
            var table = new MagnitudeTable([.. Enumerable.Repeat(BigInteger.One, count)]);
            Assert.Equal(count - 1, Draw(table, ulong.MaxValue - 1, ulong.MaxValue, ulong.MaxValue));
            Assert.Equal(0, Draw(table, 0, 0, 0));
        }
    }

    [Fact]
    public void Masses_are_the_weights_and_sum_to_one_exactly()
    {
        var table = new MagnitudeTable([3, 5, 0, 8]);
        var one = BigInteger.One << 191;
        Assert.Equal([one * 3 / 16, one * 5 / 16, 0, one / 2], Enumerable.Range(0, 4).Select(table.Mass));
    }

    // Four draws go through the interleaved search, the fifth through the single one.
    private static int Draw(MagnitudeTable table, params ulong[] script)
    {
        var single = new int[1];
        table.Fill(new ScriptedSource(script), single, signed: true);
        var four = new int[4];
        table.Fill(new ScriptedSource([script[0], script[0], script[0], script[0],
            .. Enumerable.Repeat(script[1..], 4).SelectMany(s => s), 0]), four, signed: true);
        Assert.All(four, x => Assert.Equal(single[0], x));
        return single[0];
    }
}
