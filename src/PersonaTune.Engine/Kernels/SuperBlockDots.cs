using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace PersonaTune.Engine.Kernels;

/// <summary>The AVX2 block products of the types with super-blocks of 256; layouts as in the block decoder.</summary>
internal static unsafe class SuperBlockDots
{
    /// <summary>The eight 6-bit scales and minima of Q4_K and Q5_K, one byte each.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static (ulong Scales, ulong Minima) Groups(byte* packed)
    {
        uint first = *(uint*)packed, second = *(uint*)(packed + 4), third = *(uint*)(packed + 8);
        var scales = (first & 0x3f3f3f3f) | ((ulong)((third & 0x0f0f0f0f) | ((first >> 2) & 0x30303030)) << 32);
        var minima = (second & 0x3f3f3f3f) | ((ulong)(((third >> 4) & 0x0f0f0f0f) | ((second >> 2) & 0x30303030)) << 32);
        return (scales, minima);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<float> Floats(ulong bytes) =>
        Avx.ConvertToVector256Single(Avx2.ConvertToVector256Int32(Vector128.CreateScalarUnsafe(bytes).AsByte()));

    // The loops over groups are written out: a group's number must be a constant for its factor to be one permutation.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<float> Product(Vector256<byte> q, sbyte* x, Vector256<float> factors, int group, Vector256<float> sum)
    {
        var pairs = Avx2.MultiplyAddAdjacent(q, Vector256.Load(x + 32 * group));
        var factor = Avx2.PermuteVar8x32(factors, Vector256.Create(group));
        return Fma.MultiplyAdd(Avx.ConvertToVector256Single(Avx2.MultiplyAddAdjacent(pairs, Vector256<short>.One)), factor, sum);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<byte> Low(Vector256<byte> q) => q & Vector256.Create((byte)15);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<byte> High(Vector256<byte> q) => (q.AsUInt16() >>> 4).AsByte() & Vector256.Create((byte)15);

    /// <summary>d:f16 dmin:f16 s:12 q:128; eight groups of 32, value d scale q - dmin minimum.</summary>
    internal readonly struct Q4_K : IRowDot
    {
        public static int Elements => 256;

        public static int Bytes => 144;

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static Vector256<float> Add(byte* block, sbyte* x, float* scales, float* sums, float* halfSums, float* halves, Vector256<float> sum)
        {
            var (groups, minima) = Groups(block + 4);
            var factors = Floats(groups) * Vector256.Create(halves[*(ushort*)block]) * Vector256.Load(scales);
            sum = Fma.MultiplyAddNegated(Floats(minima) * Vector256.Create(halves[((ushort*)block)[1]]), Vector256.Load(sums), sum);
            sum = Pair(Vector256.Load(block + 16), x, factors, 0, sum);
            sum = Pair(Vector256.Load(block + 48), x, factors, 2, sum);
            sum = Pair(Vector256.Load(block + 80), x, factors, 4, sum);
            return Pair(Vector256.Load(block + 112), x, factors, 6, sum);
        }

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        private static Vector256<float> Pair(Vector256<byte> q, sbyte* x, Vector256<float> factors, int group, Vector256<float> sum) =>
            Product(High(q), x, factors, group + 1, Product(Low(q), x, factors, group, sum));
    }

    /// <summary>d:f16 dmin:f16 s:12 h:32 q:128; as Q4_K with a fifth bit, of group j bit j of h.</summary>
    internal readonly struct Q5_K : IRowDot
    {
        public static int Elements => 256;

        public static int Bytes => 176;

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static Vector256<float> Add(byte* block, sbyte* x, float* scales, float* sums, float* halfSums, float* halves, Vector256<float> sum)
        {
            var (groups, minima) = Groups(block + 4);
            var factors = Floats(groups) * Vector256.Create(halves[*(ushort*)block]) * Vector256.Load(scales);
            sum = Fma.MultiplyAddNegated(Floats(minima) * Vector256.Create(halves[((ushort*)block)[1]]), Vector256.Load(sums), sum);
            var high = Vector256.Load(block + 16).AsUInt16();
            sum = Pair(Vector256.Load(block + 48), high << 4, high << 3, x, factors, 0, sum);
            sum = Pair(Vector256.Load(block + 80), high << 2, high << 1, x, factors, 2, sum);
            sum = Pair(Vector256.Load(block + 112), high, high >>> 1, x, factors, 4, sum);
            return Pair(Vector256.Load(block + 144), high >>> 2, high >>> 3, x, factors, 6, sum);
        }

        // Shifting words is harmless: bit 4 of each byte comes from the same byte.
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        private static Vector256<float> Pair(
            Vector256<byte> q, Vector256<ushort> fifth, Vector256<ushort> nextFifth, sbyte* x, Vector256<float> factors, int group, Vector256<float> sum)
        {
            var bit = Vector256.Create((byte)16);
            sum = Product(Low(q) | (fifth.AsByte() & bit), x, factors, group, sum);
            return Product(High(q) | (nextFifth.AsByte() & bit), x, factors, group + 1, sum);
        }
    }

    /// <summary>q:128 h:64 s:16 x i8 d:f16; sixteen groups of 16, value d scale (q - 32).</summary>
    internal readonly struct Q6_K : IRowDot
    {
        public static int Elements => 256;

        public static int Bytes => 210;

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static Vector256<float> Add(byte* block, sbyte* x, float* scales, float* sums, float* halfSums, float* halves, Vector256<float> sum)
        {
            var d = Vector256.Create(halves[*(ushort*)(block + 208)]);
            var groups = Vector128.Load((sbyte*)block + 192);

            // The offset of 32 is taken out by the groups' activation sums.
            var offset = Avx.ConvertToVector256Single(Avx2.ConvertToVector256Int32(groups)) * Vector256.Load(halfSums);
            offset = Fma.MultiplyAdd(
                Avx.ConvertToVector256Single(Avx2.ConvertToVector256Int32(Sse2.ShiftRightLogical128BitLane(groups, 8))), Vector256.Load(halfSums + 8), offset);
            sum = Fma.MultiplyAdd(offset, d * Vector256.Create(-32f), sum);

            // Scales of even groups in the lower lane, of odd ones in the upper: 32 products span one of each.
            var split = Ssse3.Shuffle(groups, Vector128.Create((sbyte)0, 2, 4, 6, 8, 10, 12, 14, 1, 3, 5, 7, 9, 11, 13, 15));
            var words = Avx2.ConvertToVector256Int16(split).AsByte();
            var inner = Half(block, block + 128, x, scales, words, 0, Vector256<float>.Zero);
            return Fma.MultiplyAdd(Half(block + 64, block + 160, x + 128, scales + 4, words, 4, inner), d, sum);
        }

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        private static Vector256<float> Half(byte* q, byte* upper, sbyte* x, float* scales, Vector256<byte> words, int group, Vector256<float> sum)
        {
            var high = Vector256.Load(upper).AsUInt16();
            var first = Vector256.Load(q);
            var second = Vector256.Load(q + 32);
            var two = Vector256.Create((byte)0x30);
            sum = Product(Low(first) | ((high << 4).AsByte() & two), x, words, group, scales[0], sum);
            sum = Product(Low(second) | ((high << 2).AsByte() & two), x + 32, words, group + 1, scales[1], sum);
            sum = Product(High(first) | (high.AsByte() & two), x + 64, words, group + 2, scales[2], sum);
            return Product(High(second) | ((high >>> 2).AsByte() & two), x + 96, words, group + 3, scales[3], sum);
        }

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        private static Vector256<float> Product(Vector256<byte> q, sbyte* x, Vector256<byte> words, int group, float scale, Vector256<float> sum)
        {
            var select = Vector256.Create((short)((2 * group) | ((2 * group + 1) << 8))).AsByte();
            var pairs = Avx2.MultiplyAddAdjacent(q, Vector256.Load(x));
            var products = Avx2.MultiplyAddAdjacent(pairs, Avx2.Shuffle(words, select).AsInt16());
            return Fma.MultiplyAdd(Avx.ConvertToVector256Single(products), Vector256.Create(scale), sum);
        }
    }
}
