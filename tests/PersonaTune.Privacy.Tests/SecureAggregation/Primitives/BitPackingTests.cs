using FsCheck;
using FsCheck.Fluent;
using PersonaTune.Privacy.SecureAggregation;

namespace PersonaTune.Privacy.Tests.SecureAggregation.Primitives;

public class BitPackingTests
{
    private static readonly int[] Widths = [16, 20, 24, 32];

    [Fact]
    public void Unpacking_gives_the_words_modulo_the_power_of_two() =>
        Prop.ForAll(ArbMap.Default.ArbFor<uint[]>(), Gen.Elements(Widths).ToArbitrary(), (words, bits) =>
        {
            var packed = new byte[BitPacking.PackedLength(words.Length, bits)];
            BitPacking.Pack(words, bits, packed);
            var back = new uint[words.Length];
            BitPacking.Unpack(packed, bits, back);
            return back.SequenceEqual(words.Select(w => (uint)(w % (1UL << bits))));
        }).QuickCheckThrowOnFailure();

    [Fact]
    public void The_fast_paths_equal_the_scalar_reference_at_every_length()
    {
        foreach (var bits in Widths)
        {
            for (var length = 0; length <= 257; length++)
            {
                var words = Words(length);
                var (fast, scalar) = (new byte[BitPacking.PackedLength(length, bits)], new byte[BitPacking.PackedLength(length, bits)]);
                BitPacking.Pack(words, bits, fast);
                BitPacking.PackScalar(words, bits, scalar);
                Assert.Equal(scalar, fast);
                var (fastBack, scalarBack) = (new uint[length], new uint[length]);
                BitPacking.Unpack(fast, bits, fastBack);
                BitPacking.UnpackScalar(fast, bits, scalarBack);
                Assert.Equal(scalarBack, fastBack);
            }
        }
    }

    // Written by hand from the definition: word i takes bits i b to (i + 1) b - 1 from the least significant bit of byte 0.
    [Theory]
    [InlineData(16, "44332211", new uint[] { 0xFFFF3344, 0x1122 })]
    [InlineData(20, "452301efcdab89060700", new uint[] { 0xFFF12345, 0xCDEF0, 0x689AB, 0x70 })]
    [InlineData(20, "452301", new uint[] { 0x12345 })]
    [InlineData(24, "563412bc9a78", new uint[] { 0xFF123456, 0x789ABC })]
    [InlineData(32, "78563412", new uint[] { 0x12345678 })]
    public void The_layout_is_fixed(int bits, string hex, uint[] words)
    {
        var packed = new byte[BitPacking.PackedLength(words.Length, bits)];
        BitPacking.Pack(words, bits, packed);
        Assert.Equal(hex, Convert.ToHexStringLower(packed));
    }

    [Theory]
    [InlineData(0x10)]
    [InlineData(0x80)]
    public void Bits_behind_the_last_word_are_refused(byte stray)
    {
        var packed = new byte[BitPacking.PackedLength(7, 20)];
        packed[^1] = stray;
        var e = Assert.Throws<PackedVectorException>(() => BitPacking.Unpack(packed, 20, new uint[7]));
        Assert.Equal((7, 20), (e.Words, e.Bits));
        packed[^1] = 0x0F;
        BitPacking.Unpack(packed, 20, new uint[7]);
    }

    [Fact]
    public void A_wrong_length_is_refused()
    {
        foreach (var bits in Widths)
        {
            var right = BitPacking.PackedLength(9, bits);
            Assert.Throws<PackedVectorException>(() => BitPacking.Unpack(new byte[right - 1], bits, new uint[9]));
            Assert.Throws<PackedVectorException>(() => BitPacking.Unpack(new byte[right + 1], bits, new uint[9]));
            Assert.Throws<ArgumentException>(() => BitPacking.Pack(new uint[9], bits, new byte[right + 1]));
        }
    }

    [Theory]
    [InlineData(0)]
    [InlineData(8)]
    [InlineData(19)]
    [InlineData(33)]
    public void Other_widths_are_refused(int bits)
    {
        Assert.False(BitPacking.IsSupported(bits));
        Assert.Throws<ArgumentOutOfRangeException>(() => BitPacking.PackedLength(1, bits));
    }

    [Fact]
    public void A_vector_that_no_array_holds_is_refused()
    {
        Assert.Throws<ArgumentOutOfRangeException>(() => BitPacking.PackedLength(int.MaxValue, 32));
        Assert.Throws<ArgumentOutOfRangeException>(() => BitPacking.PackedLength(-1, 16));
        Assert.Equal(3, BitPacking.PackedLength(1, 20));
        Assert.Equal(5, BitPacking.PackedLength(2, 20));
    }

    private static uint[] Words(int length) => [.. Enumerable.Range(1, length).Select(i => (uint)i * 2654435761)];
}
