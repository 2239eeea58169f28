using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;
using PersonaTune.Engine.Tensors;

namespace PersonaTune.Engine.Kernels;

/// <summary>
/// Block-quantized rows as f32 (AVX2), a quarter of a nanosecond an element or less, so that packing a panel hardly shows. Bit for
/// bit what the block codec decodes: scale times integer is exact in f32 for every type, which leaves one rounding, fused or not.
/// </summary>
internal static unsafe class FloatUnpack
{
    /// <summary>Decodes <paramref name="count"/> values, whole blocks, of a block-quantized type.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Run(TensorType type, byte* row, int count, float* to)
    {
        var halves = HalfTable.Values;
        var end = to + count;
        switch (type)
        {
            case TensorType.Q8_0:
                for (; to < end; to += 32, row += 34)
                {
                    var d = Vector256.Create(halves[*(ushort*)row]);
                    Signed(row + 2, d, to);
                    Signed(row + 10, d, to + 8);
                    Signed(row + 18, d, to + 16);
                    Signed(row + 26, d, to + 24);
                }

                break;
            case TensorType.Q4_0:
                for (; to < end; to += 32, row += 18)
                {
                    var d = halves[*(ushort*)row];
                    Put(RowDots.Nibbles(row + 2), d, -8 * d, to);
                }

                break;
            case TensorType.Q4_1:
                for (; to < end; to += 32, row += 20)
                    Put(RowDots.Nibbles(row + 4), halves[*(ushort*)row], halves[((ushort*)row)[1]], to);
                break;
            case TensorType.Q5_0:
                for (; to < end; to += 32, row += 22)
                {
                    var d = halves[*(ushort*)row];
                    Put(RowDots.Nibbles(row + 6) | RowDots.FifthBits(row + 2), d, -16 * d, to);
                }

                break;
            case TensorType.Q5_1:
                for (; to < end; to += 32, row += 24)
                    Put(RowDots.Nibbles(row + 8) | RowDots.FifthBits(row + 4), halves[*(ushort*)row], halves[((ushort*)row)[1]], to);
                break;
            case TensorType.Q4_K:
                for (; to < end; to += 256, row += 144) Super(row, row + 16, null, halves, to);
                break;
            case TensorType.Q5_K:
                for (; to < end; to += 256, row += 176) Super(row, row + 48, row + 16, halves, to);
                break;
            case TensorType.Q6_K:
                for (; to < end; to += 256, row += 210)
                {
                    var d = halves[*(ushort*)(row + 208)];
                    SixBits(row, row + 128, (sbyte*)row + 192, d, to);
                    SixBits(row + 64, row + 160, (sbyte*)row + 200, d, to + 128);
                }

                break;
            default:
                throw new NotSupportedException($"no blocks in {type}");
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Signed(byte* q, Vector256<float> d, float* to) =>
        (Avx.ConvertToVector256Single(Avx2.ConvertToVector256Int32((sbyte*)q)) * d).Store(to);

    /// <summary>32 values q * scale + offset.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Put(Vector256<byte> q, float scale, float offset, float* to)
    {
        Vector256<float> d = Vector256.Create(scale), m = Vector256.Create(offset);
        Put(q.GetLower(), d, m, to);
        Put(q.GetUpper(), d, m, to + 16);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Put(Vector128<byte> q, Vector256<float> d, Vector256<float> m, float* to)
    {
        Fma.MultiplyAdd(Avx.ConvertToVector256Single(Avx2.ConvertToVector256Int32(q)), d, m).Store(to);
        Fma.MultiplyAdd(Avx.ConvertToVector256Single(Avx2.ConvertToVector256Int32(Sse2.ShiftRightLogical128BitLane(q, 8))), d, m).Store(to + 8);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Super(byte* block, byte* packed, byte* fifth, float* halves, float* to)
    {
        float d = halves[*(ushort*)block], minimum = -halves[((ushort*)block)[1]];
        var (scales, minima) = SuperBlockDots.Groups(block + 4);
        var bits = fifth is null ? default : Vector256.Load(fifth).AsUInt16();
        for (var pair = 0; pair < 4; pair++, to += 64, scales >>= 16, minima >>= 16, bits >>>= 2)
        {
            var q = Vector256.Load(packed + 32 * pair);
            var low = q & Vector256.Create((byte)15);
            var high = (q.AsUInt16() >>> 4).AsByte() & Vector256.Create((byte)15);
            if (fifth is not null)
            {
                low |= (bits << 4).AsByte() & Vector256.Create((byte)16);
                high |= (bits << 3).AsByte() & Vector256.Create((byte)16);
            }

            Put(low, d * (byte)scales, minimum * (byte)minima, to);
            Put(high, d * (byte)(scales >> 8), minimum * (byte)(minima >> 8), to + 32);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void SixBits(byte* q, byte* upper, sbyte* scales, float d, float* to)
    {
        var nibble = Vector256.Create((byte)15);
        var two = Vector256.Create((byte)0x30);
        Vector256<byte> first = Vector256.Load(q), second = Vector256.Load(q + 32);
        var high = Vector256.Load(upper).AsUInt16();
        PutSix((first & nibble) | ((high << 4).AsByte() & two), d, scales, to);
        PutSix((second & nibble) | ((high << 2).AsByte() & two), d, scales + 2, to + 32);
        PutSix(((first.AsUInt16() >>> 4).AsByte() & nibble) | (high.AsByte() & two), d, scales + 4, to + 64);
        PutSix(((second.AsUInt16() >>> 4).AsByte() & nibble) | ((high >>> 2).AsByte() & two), d, scales + 6, to + 96);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void PutSix(Vector256<byte> q, float d, sbyte* scales, float* to)
    {
        float low = d * scales[0], high = d * scales[1];
        Put(q.GetLower(), Vector256.Create(low), Vector256.Create(-32 * low), to);
        Put(q.GetUpper(), Vector256.Create(high), Vector256.Create(-32 * high), to + 16);
    }
}
