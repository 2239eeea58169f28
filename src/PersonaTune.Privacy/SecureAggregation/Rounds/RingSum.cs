using System.Numerics;

namespace PersonaTune.Privacy.SecureAggregation.Rounds;

/// <summary>Sums of word vectors modulo 2^32.</summary>
internal static class RingSum
{
    public static void Add(Span<uint> sum, ReadOnlySpan<uint> words)
    {
        if (words.Length != sum.Length) throw new ArgumentException($"expected {sum.Length} words, got {words.Length}", nameof(words));
        var done = 0;
        for (; done <= sum.Length - Vector<uint>.Count; done += Vector<uint>.Count)
            (new Vector<uint>(sum[done..]) + new Vector<uint>(words[done..])).CopyTo(sum[done..]);
        for (; done < sum.Length; done++) sum[done] += words[done];
    }

    /// <summary>Adds a packed vector; <paramref name="buffer"/> is as long as <paramref name="sum"/> and overwritten.</summary>
    public static void AddPacked(Span<uint> sum, ReadOnlySpan<byte> packed, int bits, Span<uint> buffer)
    {
        BitPacking.Unpack(packed, bits, buffer);
        Add(sum, buffer);
    }

    /// <summary>Keeps the low b bits of each word.</summary>
    public static void Reduce(Span<uint> sum, int bits)
    {
        if (bits == 32) return;
        foreach (ref var word in sum) word &= (1u << bits) - 1;
    }
}
