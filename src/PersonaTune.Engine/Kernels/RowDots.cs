using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace PersonaTune.Engine.Kernels;

/// <summary>
/// The AVX2 block products of the types with blocks of 32. All multiply unsigned by signed bytes (vpmaddubsw): quantized values of
/// 4 and 5 bits are unsigned as stored, and their pairwise sums (at most 2 x 31 x 127) never saturate.
/// </summary>
internal static unsafe class RowDots
{
    /// <summary>32 nibbles of 16 bytes: the low ones, then the high ones.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static Vector256<byte> Nibbles(byte* packed)
    {
        var both = Avx2.BroadcastVector128ToVector256(packed);
        return Avx2.ShiftRightLogicalVariable(both.AsUInt32(), Vector256.Create(0u, 0, 0, 0, 4, 4, 4, 4)).AsByte() & Vector256.Create((byte)15);
    }

    /// <summary>16 in each of 32 bytes whose bit is set.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static Vector256<byte> FifthBits(byte* packed)
    {
        var spread = Avx2.Shuffle(
            Vector256.Create(*(uint*)packed).AsByte(),
            Vector256.Create(0x0000000000000000UL, 0x0101010101010101UL, 0x0202020202020202UL, 0x0303030303030303UL).AsByte());
        var bit = Vector256.Create(0x8040201008040201UL).AsByte();
        return Vector256.Equals(spread & bit, bit) & Vector256.Create((byte)16);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<float> Widened(Vector256<short> pairs) =>
        Avx.ConvertToVector256Single(Avx2.MultiplyAddAdjacent(pairs, Vector256<short>.One));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<float> Scaled(Vector256<short> pairs, float d, float scale, Vector256<float> sum) =>
        Fma.MultiplyAdd(Widened(pairs), Vector256.Create(d) * Vector256.Create(scale), sum);

    // Only the first lane: its sum is added to the row's result with the others.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<float> Offset(float minimum, float blockSum, Vector256<float> sum) =>
        Fma.MultiplyAdd(Vector256.Create(minimum), Vector256.CreateScalar(blockSum), sum);

    /// <summary>d:f16 q:32 x i8.</summary>
    internal readonly struct Q8_0 : IRowDot
    {
        public static int Elements => 32;

        public static int Bytes => 34;

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static Vector256<float> Add(byte* block, sbyte* x, float* scales, float* sums, float* halfSums, float* halves, Vector256<float> sum)
        {
            // |w| by sign(w) x: exact for the whole range of w, -128 included, since x is never below -127.
            var w = Vector256.Load((sbyte*)block + 2);
            return Scaled(
                Avx2.MultiplyAddAdjacent(Avx2.Abs(w), Avx2.Sign(Vector256.Load(x), w)), halves[*(ushort*)block], *scales, sum);
        }
    }

    /// <summary>d:f16 q:32 x u4; value d (q - 8).</summary>
    internal readonly struct Q4_0 : IRowDot
    {
        public static int Elements => 32;

        public static int Bytes => 18;

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static Vector256<float> Add(byte* block, sbyte* x, float* scales, float* sums, float* halfSums, float* halves, Vector256<float> sum)
        {
            var v = Vector256.Load(x);
            var offset = Avx2.MultiplyAddAdjacent(Vector256.Create((byte)8), v);
            return Scaled(Avx2.MultiplyAddAdjacent(Nibbles(block + 2), v) - offset, halves[*(ushort*)block], *scales, sum);
        }
    }

    /// <summary>d:f16 m:f16 q:32 x u4; value d q + m.</summary>
    internal readonly struct Q4_1 : IRowDot
    {
        public static int Elements => 32;

        public static int Bytes => 20;

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static Vector256<float> Add(byte* block, sbyte* x, float* scales, float* sums, float* halfSums, float* halves, Vector256<float> sum)
        {
            sum = Offset(halves[((ushort*)block)[1]], *sums, sum);
            return Scaled(Avx2.MultiplyAddAdjacent(Nibbles(block + 4), Vector256.Load(x)), halves[*(ushort*)block], *scales, sum);
        }
    }

    /// <summary>d:f16 h:32 bits q:32 x u4; value d (q + 16 h - 16).</summary>
    internal readonly struct Q5_0 : IRowDot
    {
        public static int Elements => 32;

        public static int Bytes => 22;

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static Vector256<float> Add(byte* block, sbyte* x, float* scales, float* sums, float* halfSums, float* halves, Vector256<float> sum)
        {
            var v = Vector256.Load(x);
            var offset = Avx2.MultiplyAddAdjacent(Vector256.Create((byte)16), v);
            var q = Nibbles(block + 6) | FifthBits(block + 2);
            return Scaled(Avx2.MultiplyAddAdjacent(q, v) - offset, halves[*(ushort*)block], *scales, sum);
        }
    }

    /// <summary>d:f16 m:f16 h:32 bits q:32 x u4; value d (q + 16 h) + m.</summary>
    internal readonly struct Q5_1 : IRowDot
    {
        public static int Elements => 32;

        public static int Bytes => 24;

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static Vector256<float> Add(byte* block, sbyte* x, float* scales, float* sums, float* halfSums, float* halves, Vector256<float> sum)
        {
            sum = Offset(halves[((ushort*)block)[1]], *sums, sum);
            var q = Nibbles(block + 8) | FifthBits(block + 4);
            return Scaled(Avx2.MultiplyAddAdjacent(q, Vector256.Load(x)), halves[*(ushort*)block], *scales, sum);
        }
    }
}
