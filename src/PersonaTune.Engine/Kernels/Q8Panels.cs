using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;
using PersonaTune.Engine.Tensors;

namespace PersonaTune.Engine.Kernels;

/// <summary>
/// Q8_0 straight into full panels (AVX2), without rows of f32 in between: the type that training runs on most. Same bits as the block codec.
/// </summary>
internal static unsafe class Q8Panels
{
    private const int BlockLength = 32;
    private const int BlockBytes = 34;

    /// <summary>Whether the type is decoded here.</summary>
    public static bool Decodes(TensorType type) => type == TensorType.Q8_0 && Avx2.IsSupported;

    /// <summary>Bytes before the block of a column within a row.</summary>
    public static nint Offset(int column) => column / BlockLength * (nint)BlockBytes;

    /// <summary>panel (columns, width) = transpose of <paramref name="width"/> rows from <paramref name="data"/>, whole blocks.</summary>
    public static void Transposed(byte* data, nint rowBytes, int columns, float* panel, int width)
    {
        for (var j = 0; j < width; j += 8) EightRows(data + j * rowBytes, rowBytes, columns / BlockLength, panel + j, width);
    }

    /// <summary>panel (rows, width) = columns first.. of rows from <paramref name="data"/>; first is a multiple of the width, 16 or 32.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Straight(byte* data, nint rowBytes, int rows, int first, float* panel, int width)
    {
        var halves = HalfTable.Values;
        data += Offset(first);
        var values = data + 2 + first % BlockLength;
        for (var i = 0; i < rows; i++, data += rowBytes, values += rowBytes, panel += width)
        {
            var d = Vector256.Create(halves[*(ushort*)data]);
            (Avx.ConvertToVector256Single(Avx2.ConvertToVector256Int32((sbyte*)values)) * d).Store(panel);
            (Avx.ConvertToVector256Single(Avx2.ConvertToVector256Int32((sbyte*)values + 8)) * d).Store(panel + 8);
            if (width == 16) continue;
            (Avx.ConvertToVector256Single(Avx2.ConvertToVector256Int32((sbyte*)values + 16)) * d).Store(panel + 16);
            (Avx.ConvertToVector256Single(Avx2.ConvertToVector256Int32((sbyte*)values + 24)) * d).Store(panel + 24);
        }
    }

    // Four bytes of a row move as one float until they stand in their columns; then each is widened.
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void EightRows(byte* row, nint stride, int blocks, float* to, int width)
    {
        var halves = HalfTable.Values;
        byte* s0 = row, s1 = s0 + stride, s2 = s1 + stride, s3 = s2 + stride;
        var four = 4 * stride;
        for (var b = 0; b < blocks; b++, s0 += BlockBytes, s1 += BlockBytes, s2 += BlockBytes, s3 += BlockBytes)
        {
            var d = Vector256.Create(
                halves[*(ushort*)s0], halves[*(ushort*)s1], halves[*(ushort*)s2], halves[*(ushort*)s3],
                halves[*(ushort*)(s0 + four)], halves[*(ushort*)(s1 + four)], halves[*(ushort*)(s2 + four)], halves[*(ushort*)(s3 + four)]);
            for (var half = 2; half < BlockBytes; half += 16)
            {
                var r0 = Join(s0 + half, four);
                var r1 = Join(s1 + half, four);
                var r2 = Join(s2 + half, four);
                var r3 = Join(s3 + half, four);
                var t0 = Avx.UnpackLow(r0, r1);
                var t1 = Avx.UnpackHigh(r0, r1);
                var t2 = Avx.UnpackLow(r2, r3);
                var t3 = Avx.UnpackHigh(r2, r3);
                Widen(Avx.Shuffle(t0, t2, 0x44).AsInt32(), d, to, width);
                Widen(Avx.Shuffle(t0, t2, 0xee).AsInt32(), d, to + 4 * width, width);
                Widen(Avx.Shuffle(t1, t3, 0x44).AsInt32(), d, to + 8 * width, width);
                Widen(Avx.Shuffle(t1, t3, 0xee).AsInt32(), d, to + 12 * width, width);
                to += 16 * width;
            }
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<float> Join(byte* low, nint distance) =>
        Vector256.Create(Vector128.Load((float*)low), Vector128.Load((float*)(low + distance)));

    // The four bytes of every lane become four rows of the panel.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Widen(Vector256<int> bytes, Vector256<float> d, float* to, int width)
    {
        (Avx.ConvertToVector256Single(Avx2.ShiftRightArithmetic(Avx2.ShiftLeftLogical(bytes, 24), 24)) * d).Store(to);
        (Avx.ConvertToVector256Single(Avx2.ShiftRightArithmetic(Avx2.ShiftLeftLogical(bytes, 16), 24)) * d).Store(to + width);
        (Avx.ConvertToVector256Single(Avx2.ShiftRightArithmetic(Avx2.ShiftLeftLogical(bytes, 8), 24)) * d).Store(to + 2 * width);
        (Avx.ConvertToVector256Single(Avx2.ShiftRightArithmetic(bytes, 24)) * d).Store(to + 3 * width);
    }
}
