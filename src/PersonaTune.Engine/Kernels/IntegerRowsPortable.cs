using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.Arm;
using PersonaTune.Engine.Tensors;

namespace PersonaTune.Engine.Kernels;

/// <summary>
/// The integer matrix-vector product without AVX2: Arm's dot product instruction where present, else 128-bit vectors, else the
/// scalar reference. Blocks are unpacked to bytes first.
/// </summary>
internal static unsafe class IntegerRowsPortable
{
    public static void Run(TensorType type, byte* rows, nint stride, int count, QuantizedActivations x, int t, float* y, bool add)
    {
        var at = (long)t * x.Blocks;
        for (var n = 0; n < count; n++, rows += stride)
        {
            var value = Row(type, rows, x.Blocks, x.Values + at * 32, x.Scales + at, x.Sums + at, Vector128.IsHardwareAccelerated);
            y[n] = add ? y[n] + value : value;
        }
    }

    internal static float Row(TensorType type, byte* row, int blocks, sbyte* x, float* scales, float* sums, bool vector)
    {
        var halves = HalfTable.Values;
        var total = 0f;
        for (var b = 0; b < blocks; b++, x += 32)
        {
            IntegerBlock.Read(type, row, b, halves, out var block);
            var low = vector ? Dot16(block.Values, x) : Dot16Scalar(block.Values, x);
            var high = vector ? Dot16(block.Values + 16, x + 16) : Dot16Scalar(block.Values + 16, x + 16);
            total += (block.LowScale * low + block.HighScale * high) * scales[b] + block.Offset * sums[b];
        }

        return total;
    }

    /// <summary>The reference.</summary>
    private static int Dot16Scalar(sbyte* a, sbyte* b)
    {
        var sum = 0;
        for (var i = 0; i < 16; i++) sum += a[i] * b[i];
        return sum;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static int Dot16(sbyte* a, sbyte* b)
    {
        Vector128<sbyte> va = Vector128.Load(a), vb = Vector128.Load(b);
        if (Dp.IsSupported) return Vector128.Sum(Dp.DotProduct(Vector128<int>.Zero, va, vb));
        var low = Vector128.WidenLower(va) * Vector128.WidenLower(vb);
        var high = Vector128.WidenUpper(va) * Vector128.WidenUpper(vb);

        // Each product fits 16 bits, the sum of two need not.
        var sum = Vector128.WidenLower(low) + Vector128.WidenUpper(low) + Vector128.WidenLower(high) + Vector128.WidenUpper(high);
        return Vector128.Sum(sum);
    }
}
