using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Security.Cryptography;

namespace PersonaTune.Privacy.Mechanisms;

/// <summary>
/// A law on 0, 1, ..., n as a table of its cumulative probabilities, rounded down to 191 bits. A draw counts the thresholds that do not
/// exceed a uniform 191-bit number: a binary search with a fixed number of steps and no branch on its outcome over the first 63 bits; the
/// other 128 bits are drawn only if the first 63 meet a threshold exactly, which happens once in about 2^63 / n draws. The remaining bit
/// of the first word is the sign. Timing: no branch depends on the value drawn (save that tie); the addresses read do, so the table is
/// kept small enough for the first-level cache.
/// </summary>
internal sealed class MagnitudeTable
{
    private const int HighBits = 63;
    private const int ThresholdBits = HighBits + 128;

    // Entry 0 is a sentinel that no 63-bit number equals; unused entries at the end are never reached by one.
    private readonly ulong[] _high;
    private readonly UInt128[] _low;
    private readonly int _half;

    /// <summary>Makes the table of weights in any common unit; <paramref name="weights"/> holds at least one.</summary>
    public MagnitudeTable(IReadOnlyList<BigInteger> weights)
    {
        var total = weights.Aggregate(BigInteger.Zero, (sum, weight) => sum + weight);
        Count = weights.Count;
        var size = (int)BitOperations.RoundUpToPowerOf2((uint)Count);
        _high = new ulong[size];
        _low = new UInt128[size];
        Array.Fill(_high, ulong.MaxValue);
        _half = size / 2;
        var mask = (BigInteger.One << 128) - 1;
        var sum = BigInteger.Zero;
        for (var i = 1; i < Count; i++)
        {
            sum += weights[i - 1];
            var threshold = (sum << ThresholdBits) / total;
            _high[i] = (ulong)(threshold >> 128);
            _low[i] = (UInt128)(threshold & mask);
        }
    }

    /// <summary>The number of values: 0 to Count - 1.</summary>
    public int Count { get; }

    /// <summary>The probability of a value as the table draws it, in units of 2^-191.</summary>
    public BigInteger Mass(int value) => Threshold(value + 1) - Threshold(value);

    /// <summary>The probability of a value as the table draws it.</summary>
    public double Probability(int value)
    {
        var mass = Mass(value);
        var excess = Math.Max(0, (int)mass.GetBitLength() - 64);
        return Math.ScaleB((double)(ulong)(mass >> excess), excess - ThresholdBits);
    }

    /// <summary>Fills <paramref name="values"/> with draws, each with a random sign if <paramref name="signed"/>.</summary>
    public void Fill(INoiseSource source, Span<int> values, bool signed)
    {
        Span<ulong> words = stackalloc ulong[256];
        while (!values.IsEmpty)
        {
            var count = Math.Min(words.Length, values.Length);
            source.Fill(MemoryMarshal.AsBytes(words[..count]));
            Search(source, words[..count], values[..count], signed ? 1 : 0);
            values = values[count..];
        }

        CryptographicOperations.ZeroMemory(MemoryMarshal.AsBytes(words));
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void Search(INoiseSource source, ReadOnlySpan<ulong> words, Span<int> values, int signMask)
    {
        ref var table = ref MemoryMarshal.GetArrayDataReference(_high);
        var i = 0;
        // Four searches at a time hide the latency of the loads.
        for (; i + 4 <= words.Length; i += 4)
        {
            ulong a = words[i] >> 1, b = words[i + 1] >> 1, c = words[i + 2] >> 1, d = words[i + 3] >> 1;
            nint pa = 0, pb = 0, pc = 0, pd = 0;
            for (nint half = _half; half > 0; half >>= 1)
            {
                pa += half & -AtMost(ref table, pa + half, a);
                pb += half & -AtMost(ref table, pb + half, b);
                pc += half & -AtMost(ref table, pc + half, c);
                pd += half & -AtMost(ref table, pd + half, d);
            }

            if (Unsafe.Add(ref table, pa) == a | Unsafe.Add(ref table, pb) == b | Unsafe.Add(ref table, pc) == c
                | Unsafe.Add(ref table, pd) == d)
            {
                pa = Resolve(source, pa, a);
                pb = Resolve(source, pb, b);
                pc = Resolve(source, pc, c);
                pd = Resolve(source, pd, d);
            }

            values[i] = Sign(pa, words[i], signMask);
            values[i + 1] = Sign(pb, words[i + 1], signMask);
            values[i + 2] = Sign(pc, words[i + 2], signMask);
            values[i + 3] = Sign(pd, words[i + 3], signMask);
        }

        for (; i < words.Length; i++)
        {
            var a = words[i] >> 1;
            nint pa = 0;
            for (nint half = _half; half > 0; half >>= 1) pa += half & -AtMost(ref table, pa + half, a);
            values[i] = Sign(Resolve(source, pa, a), words[i], signMask);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static nint AtMost(ref ulong table, nint index, ulong value) =>
        Unsafe.BitCast<bool, byte>(Unsafe.Add(ref table, index) <= value);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static int Sign(nint magnitude, ulong word, int mask)
    {
        var sign = (int)word & mask;
        return ((int)magnitude ^ -sign) + sign;
    }

    private nint Resolve(INoiseSource source, nint position, ulong high)
    {
        if (_high[position] != high) return position;
        Span<ulong> words = stackalloc ulong[2];
        source.Fill(MemoryMarshal.AsBytes(words));
        var low = new UInt128(words[1], words[0]);
        while (_high[position] == high && _low[position] > low) position--;
        return position;
    }

    private BigInteger Threshold(int index) =>
        index == 0 ? BigInteger.Zero
        : index >= Count ? BigInteger.One << ThresholdBits
        : ((BigInteger)_high[index] << 128) + _low[index];
}
