using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;
using PersonaTune.Engine.Tensors;

namespace PersonaTune.Engine.Kernels;

/// <summary>
/// Rows of block-quantized weights as integers for <see cref="IntegerTile"/> (AVX2). The scale and offset of block b go to
/// scale[16 b] and offset[16 b]: one column of the panel's tables. Types of up to 5 bits become unsigned bytes, value
/// scale q + offset; Q8_0 and Q6_K become words, value scale q: in Q6_K the 8-bit group scale is multiplied into them, which fits.
/// </summary>
internal static unsafe class IntegerUnpack
{
    /// <summary>Whether the type's integers need words.</summary>
    public static bool NeedsWords(TensorType type) => type is TensorType.Q8_0 or TensorType.Q6_K;

    /// <summary>Steps of four products that fit 16 bits; see <see cref="IntegerTile"/>.</summary>
    public static int ByteSteps(TensorType type) => type is TensorType.Q4_0 or TensorType.Q4_1 or TensorType.Q4_K ? 8 : 4;

    /// <summary>Unpacks <paramref name="blocks"/> blocks of 32 to bytes.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Bytes(TensorType type, byte* row, int blocks, byte* to, float* scale, float* offset)
    {
        var halves = HalfTable.Values;
        switch (type)
        {
            case TensorType.Q4_0:
                for (var b = 0; b < blocks; b++, row += 18)
                {
                    var d = halves[*(ushort*)row];
                    (scale[16 * b], offset[16 * b]) = (d, -8 * d);
                    RowDots.Nibbles(row + 2).Store(to + 32 * b);
                }

                break;
            case TensorType.Q4_1:
                for (var b = 0; b < blocks; b++, row += 20)
                {
                    (scale[16 * b], offset[16 * b]) = (halves[*(ushort*)row], halves[((ushort*)row)[1]]);
                    RowDots.Nibbles(row + 4).Store(to + 32 * b);
                }

                break;
            case TensorType.Q5_0:
                for (var b = 0; b < blocks; b++, row += 22)
                {
                    var d = halves[*(ushort*)row];
                    (scale[16 * b], offset[16 * b]) = (d, -16 * d);
                    (RowDots.Nibbles(row + 6) | RowDots.FifthBits(row + 2)).Store(to + 32 * b);
                }

                break;
            case TensorType.Q5_1:
                for (var b = 0; b < blocks; b++, row += 24)
                {
                    (scale[16 * b], offset[16 * b]) = (halves[*(ushort*)row], halves[((ushort*)row)[1]]);
                    (RowDots.Nibbles(row + 8) | RowDots.FifthBits(row + 4)).Store(to + 32 * b);
                }

                break;
            case TensorType.Q4_K:
                for (var b = 0; b < blocks; b += 8, row += 144, to += 256) Super(row, row + 16, null, to, scale + 16 * b, offset + 16 * b);
                break;
            case TensorType.Q5_K:
                for (var b = 0; b < blocks; b += 8, row += 176, to += 256) Super(row, row + 48, row + 16, to, scale + 16 * b, offset + 16 * b);
                break;
            default:
                throw new NotSupportedException($"no byte form of {type}");
        }
    }

    /// <summary>Unpacks <paramref name="blocks"/> blocks of 32 to words.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Words(TensorType type, byte* row, int blocks, short* to, float* scale)
    {
        var halves = HalfTable.Values;
        if (type == TensorType.Q8_0)
        {
            for (var b = 0; b < blocks; b++, row += 34)
            {
                scale[16 * b] = halves[*(ushort*)row];
                Avx2.ConvertToVector256Int16((sbyte*)row + 2).Store(to + 32 * b);
                Avx2.ConvertToVector256Int16((sbyte*)row + 18).Store(to + 32 * b + 16);
            }

            return;
        }

        for (var b = 0; b < blocks; b += 8, row += 210, to += 256)
        {
            var d = halves[*(ushort*)(row + 208)];
            for (var group = 0; group < 8; group++) scale[16 * (b + group)] = d;
            SixBits(row, row + 128, (sbyte*)row + 192, to);
            SixBits(row + 64, row + 160, (sbyte*)row + 200, to + 128);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Super(byte* block, byte* packed, byte* fifth, byte* to, float* scale, float* offset)
    {
        var halves = HalfTable.Values;
        float d = halves[*(ushort*)block], minimum = -halves[((ushort*)block)[1]];
        var (scales, minima) = SuperBlockDots.Groups(block + 4);
        for (var group = 0; group < 8; group++, scales >>= 8, minima >>= 8)
            (scale[16 * group], offset[16 * group]) = (d * (byte)scales, minimum * (byte)minima);
        var nibble = Vector256.Create((byte)15);
        for (var pair = 0; pair < 4; pair++)
        {
            var q = Vector256.Load(packed + 32 * pair);
            var low = q & nibble;
            var high = (q.AsUInt16() >>> 4).AsByte() & nibble;
            if (fifth is not null)
            {
                var bits = Vector256.Load(fifth).AsUInt16() >>> (2 * pair);
                low |= (bits << 4).AsByte() & Vector256.Create((byte)16);
                high |= (bits << 3).AsByte() & Vector256.Create((byte)16);
            }

            low.Store(to + 64 * pair);
            high.Store(to + 64 * pair + 32);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void SixBits(byte* q, byte* upper, sbyte* scales, short* to)
    {
        var nibble = Vector256.Create((byte)15);
        var two = Vector256.Create((byte)0x30);
        Vector256<byte> first = Vector256.Load(q), second = Vector256.Load(q + 32);
        var high = Vector256.Load(upper).AsUInt16();
        Put((first & nibble) | ((high << 4).AsByte() & two), scales, to);
        Put((second & nibble) | ((high << 2).AsByte() & two), scales + 2, to + 32);
        Put(((first.AsUInt16() >>> 4).AsByte() & nibble) | (high.AsByte() & two), scales + 4, to + 64);
        Put(((second.AsUInt16() >>> 4).AsByte() & nibble) | ((high >>> 2).AsByte() & two), scales + 6, to + 96);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Put(Vector256<byte> q, sbyte* scales, short* to)
    {
        var signed = q.AsSByte() - Vector256.Create((sbyte)32);
        (Avx2.ConvertToVector256Int16(signed.GetLower()) * Vector256.Create((short)scales[0])).Store(to);
        (Avx2.ConvertToVector256Int16(signed.GetUpper()) * Vector256.Create((short)scales[1])).Store(to + 16);
    }
}
