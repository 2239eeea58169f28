using System.Buffers.Binary;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;

namespace PersonaTune.Privacy.SecureAggregation;

/// <summary>
/// Vectors over Z_(2^b), b in {16, 20, 24, 32}, as bytes: word i takes the bits i b to (i + 1) b - 1, counted from the least
/// significant bit of the first byte. Thread-safe.
/// </summary>
public static class BitPacking
{
    /// <summary>Whether words of <paramref name="bits"/> bits can be packed.</summary>
    public static bool IsSupported(int bits) => bits is 16 or 20 or 24 or 32;

    /// <summary>The bytes that <paramref name="count"/> words of <paramref name="bits"/> bits take.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The width is not supported, or the bytes do not fit into an array.</exception>
    public static int PackedLength(int count, int bits)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(count);
        if (!IsSupported(bits)) throw new ArgumentOutOfRangeException(nameof(bits), bits, "a word has 16, 20, 24 or 32 bits");
        var length = ((long)count * bits + 7) / 8;
        ArgumentOutOfRangeException.ThrowIfGreaterThan(length, Array.MaxLength, nameof(count));
        return (int)length;
    }

    /// <summary>
    /// Packs the low <paramref name="bits"/> bits of every word; what lies above them is dropped, which is the reduction modulo
    /// 2^b.
    /// </summary>
    /// <exception cref="ArgumentException"><paramref name="packed"/> is not exactly as long as the packed vector.</exception>
    public static void Pack(ReadOnlySpan<uint> words, int bits, Span<byte> packed)
    {
        var length = PackedLength(words.Length, bits);
        if (packed.Length != length)
        {
            throw new ArgumentException(
                $"{words.Length} words of {bits} bits take {length} bytes, got room for {packed.Length}", nameof(packed));
        }

        switch (bits)
        {
            case 16:
                Pack16(words, packed);
                break;
            case 20:
                Pack20(words, packed);
                break;
            case 24:
                Pack24(words, packed);
                break;
            default:
                if (BitConverter.IsLittleEndian) MemoryMarshal.AsBytes(words).CopyTo(packed);
                else PackScalar(words, 32, packed);
                break;
        }
    }

    /// <summary>Fills <paramref name="words"/> from <paramref name="packed"/>.</summary>
    /// <exception cref="PackedVectorException">
    /// The length is not exactly that of as many words, or a bit behind the last word is set.
    /// </exception>
    public static void Unpack(ReadOnlySpan<byte> packed, int bits, Span<uint> words)
    {
        var length = PackedLength(words.Length, bits);
        if (packed.Length != length)
            throw new PackedVectorException(words.Length, bits, $"expected {length} bytes, got {packed.Length}; send the vector again");
        if (bits == 20 && words.Length % 2 != 0 && packed[^1] >> 4 != 0)
            throw new PackedVectorException(words.Length, bits,
                $"the last four bits must be zero, got {packed[^1] >> 4}; send the vector again");
        switch (bits)
        {
            case 16:
                Unpack16(packed, words);
                break;
            case 20:
                Unpack20(packed, words);
                break;
            case 24:
                Unpack24(packed, words);
                break;
            default:
                if (BitConverter.IsLittleEndian) packed.CopyTo(MemoryMarshal.AsBytes(words));
                else UnpackScalar(packed, 32, words);
                break;
        }
    }

    /// <summary>Any width, bit by bit accumulated: the reference of the fast paths, and what they use for their last words.</summary>
    internal static void PackScalar(ReadOnlySpan<uint> words, int bits, Span<byte> packed)
    {
        ulong pending = 0;
        var (held, at) = (0, 0);
        var mask = (1UL << bits) - 1;
        foreach (var word in words)
        {
            pending |= (word & mask) << held;
            for (held += bits; held >= 8; held -= 8, pending >>= 8) packed[at++] = (byte)pending;
        }

        if (held > 0) packed[at] = (byte)pending;
    }

    internal static void UnpackScalar(ReadOnlySpan<byte> packed, int bits, Span<uint> words)
    {
        ulong pending = 0;
        var (held, at) = (0, 0);
        for (var i = 0; i < words.Length; i++)
        {
            for (; held < bits; held += 8) pending |= (ulong)packed[at++] << held;
            words[i] = (uint)(pending & ((1UL << bits) - 1));
            pending >>= bits;
            held -= bits;
        }
    }

    private static void Pack16(ReadOnlySpan<uint> words, Span<byte> packed)
    {
        var done = 0;
        for (; BitConverter.IsLittleEndian && done <= words.Length - 16; done += 16)
        {
            var mask = Vector256.Create(0xFFFFu);
            var narrow = Vector256.Narrow(Vector256.Create(words[done..]) & mask, Vector256.Create(words[(done + 8)..]) & mask);
            narrow.AsByte().CopyTo(packed[(2 * done)..]);
        }

        PackScalar(words[done..], 16, packed[(2 * done)..]);
    }

    private static void Unpack16(ReadOnlySpan<byte> packed, Span<uint> words)
    {
        var done = 0;
        for (; BitConverter.IsLittleEndian && done <= words.Length - 16; done += 16)
        {
            var (low, high) = Vector256.Widen(Vector256.Create(packed[(2 * done)..]).AsUInt16());
            low.CopyTo(words[done..]);
            high.CopyTo(words[(done + 8)..]);
        }

        UnpackScalar(packed[(2 * done)..], 16, words[done..]);
    }

    // Four words are 80 bits: ten bytes, of which the first eight hold three words and four bits of the fourth.
    private static void Pack20(ReadOnlySpan<uint> words, Span<byte> packed)
    {
        const ulong Mask = 0xFFFFF;
        var at = 0;
        for (; words.Length >= 4; words = words[4..], at += 10)
        {
            var fourth = words[3] & Mask;
            var low = (words[0] & Mask) | (words[1] & Mask) << 20 | (words[2] & Mask) << 40 | fourth << 60;
            BinaryPrimitives.WriteUInt64LittleEndian(packed[at..], low);
            BinaryPrimitives.WriteUInt16LittleEndian(packed[(at + 8)..], (ushort)(fourth >> 4));
        }

        PackScalar(words, 20, packed[at..]);
    }

    private static void Unpack20(ReadOnlySpan<byte> packed, Span<uint> words)
    {
        const uint Mask = 0xFFFFF;
        for (; words.Length >= 4; words = words[4..], packed = packed[10..])
        {
            var low = BinaryPrimitives.ReadUInt64LittleEndian(packed);
            words[3] = (uint)(low >> 60) | (uint)BinaryPrimitives.ReadUInt16LittleEndian(packed[8..]) << 4;
            words[0] = (uint)low & Mask;
            words[1] = (uint)(low >> 20) & Mask;
            words[2] = (uint)(low >> 40) & Mask;
        }

        UnpackScalar(packed, 20, words);
    }

    // Four words become twelve bytes; the store writes sixteen, and the next one overwrites the last four.
    private static void Pack24(ReadOnlySpan<uint> words, Span<byte> packed)
    {
        var order = Vector128.Create((byte)0, 1, 2, 4, 5, 6, 8, 9, 10, 12, 13, 14, 255, 255, 255, 255);
        for (; BitConverter.IsLittleEndian && packed.Length >= 16; words = words[4..], packed = packed[12..])
            Vector128.Shuffle(Vector128.Create(words).AsByte(), order).CopyTo(packed);
        PackScalar(words, 24, packed);
    }

    private static void Unpack24(ReadOnlySpan<byte> packed, Span<uint> words)
    {
        var order = Vector128.Create((byte)0, 1, 2, 255, 3, 4, 5, 255, 6, 7, 8, 255, 9, 10, 11, 255);
        for (; BitConverter.IsLittleEndian && packed.Length >= 16; words = words[4..], packed = packed[12..])
            Vector128.Shuffle(Vector128.Create(packed), order).AsUInt32().CopyTo(words);
        UnpackScalar(packed, 24, words);
    }
}
