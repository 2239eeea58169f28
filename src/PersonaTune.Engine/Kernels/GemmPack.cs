using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace PersonaTune.Engine.Kernels;

/// <summary>
/// Copies an operand into panels for <see cref="GemmTile"/>: (k, width) contiguous, the columns beyond the used ones zero.
/// </summary>
internal static unsafe class GemmPack
{
    /// <summary>panel (k, width) = transpose of source (columns, k), rows <paramref name="stride"/> apart.</summary>
    public static void Transposed(float* source, nint stride, int columns, int k, float* panel, int width)
    {
        if (columns < width) new Span<float>(panel, k * width).Clear();
        var j = 0;
        if (Avx.IsSupported)
            for (; j + 8 <= columns; j += 8) Transposed8(source + j * stride, stride, k, panel + j, width);
        for (; j < columns; j++)
        {
            var from = source + j * stride;
            var to = panel + j;
            for (var p = 0; p < k; p++, to += width) *to = from[p];
        }
    }

    /// <summary>panel (k, width) = source (k, columns), rows <paramref name="stride"/> apart.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Straight(float* source, nint stride, int columns, int k, float* panel, int width)
    {
        if (columns == width && width % 8 == 0)
        {
            for (var p = 0; p < k; p++, source += stride, panel += width)
                for (var j = 0; j < width; j += 8) Vector256.Load(source + j).Store(panel + j);
            return;
        }

        for (var p = 0; p < k; p++, source += stride, panel += width)
        {
            for (var j = 0; j < columns; j++) panel[j] = source[j];
            for (var j = columns; j < width; j++) panel[j] = 0;
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Transposed8(float* source, nint stride, int k, float* panel, int width)
    {
        float* s0 = source, s1 = s0 + stride, s2 = s1 + stride, s3 = s2 + stride;
        float* s4 = s3 + stride, s5 = s4 + stride, s6 = s5 + stride, s7 = s6 + stride;
        var p = 0;
        for (; p + 8 <= k; p += 8)
        {
            var to = panel + (nint)p * width;

            // Halves of 4 columns are joined while loading, so that only in-lane shuffles remain.
            var r0 = Join(s0 + p, s4 + p);
            var r1 = Join(s1 + p, s5 + p);
            var r2 = Join(s2 + p, s6 + p);
            var r3 = Join(s3 + p, s7 + p);
            Quarter(r0, r1, r2, r3, to, width);
            r0 = Join(s0 + p + 4, s4 + p + 4);
            r1 = Join(s1 + p + 4, s5 + p + 4);
            r2 = Join(s2 + p + 4, s6 + p + 4);
            r3 = Join(s3 + p + 4, s7 + p + 4);
            Quarter(r0, r1, r2, r3, to + 4 * width, width);
        }

        for (; p < k; p++)
        {
            var to = panel + (nint)p * width;
            to[0] = s0[p];
            to[1] = s1[p];
            to[2] = s2[p];
            to[3] = s3[p];
            to[4] = s4[p];
            to[5] = s5[p];
            to[6] = s6[p];
            to[7] = s7[p];
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<float> Join(float* low, float* high) => Vector256.Create(Vector128.Load(low), Vector128.Load(high));

    // Four rows of 4 + 4 become four columns of 8.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Quarter(Vector256<float> r0, Vector256<float> r1, Vector256<float> r2, Vector256<float> r3, float* to, int width)
    {
        var t0 = Avx.UnpackLow(r0, r1);
        var t1 = Avx.UnpackHigh(r0, r1);
        var t2 = Avx.UnpackLow(r2, r3);
        var t3 = Avx.UnpackHigh(r2, r3);
        Avx.Shuffle(t0, t2, 0x44).Store(to);
        Avx.Shuffle(t0, t2, 0xee).Store(to + width);
        Avx.Shuffle(t1, t3, 0x44).Store(to + 2 * width);
        Avx.Shuffle(t1, t3, 0xee).Store(to + 3 * width);
    }
}
