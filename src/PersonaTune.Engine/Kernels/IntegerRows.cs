using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;
using PersonaTune.Engine.Tensors;

namespace PersonaTune.Engine.Kernels;

/// <summary>
/// y[n] = row n of quantized W times 8-bit activations, for one token: four rows at a time, so that four chains of additions hide
/// each other's latency and each block of activations is loaded once. A row's result does not depend on its neighbours.
/// </summary>
internal static unsafe class IntegerRows
{
    private const int PrefetchBytes = 3072;

    /// <summary>Rows first..first + count of W times token t; adds to y where <paramref name="add"/>.</summary>
    public static void Run(in WeightMatrix w, int first, int count, QuantizedActivations x, int t, float* y, bool add)
    {
        var data = w.Data + (long)first * w.RowBytes;
        if (!Avx2.IsSupported || !Fma.IsSupported)
        {
            IntegerRowsPortable.Run(w.Type, data, w.RowBytes, count, x, t, y, add);
            return;
        }

        switch (w.Type)
        {
            case TensorType.Q8_0: Run<RowDots.Q8_0>(data, w.RowBytes, count, x, t, y, add); break;
            case TensorType.Q4_0: Run<RowDots.Q4_0>(data, w.RowBytes, count, x, t, y, add); break;
            case TensorType.Q4_1: Run<RowDots.Q4_1>(data, w.RowBytes, count, x, t, y, add); break;
            case TensorType.Q5_0: Run<RowDots.Q5_0>(data, w.RowBytes, count, x, t, y, add); break;
            case TensorType.Q5_1: Run<RowDots.Q5_1>(data, w.RowBytes, count, x, t, y, add); break;
            case TensorType.Q4_K: Run<SuperBlockDots.Q4_K>(data, w.RowBytes, count, x, t, y, add); break;
            case TensorType.Q5_K: Run<SuperBlockDots.Q5_K>(data, w.RowBytes, count, x, t, y, add); break;
            case TensorType.Q6_K: Run<SuperBlockDots.Q6_K>(data, w.RowBytes, count, x, t, y, add); break;
            default: throw new NotSupportedException($"no integer product for {w.Type}");
        }
    }

    private static void Run<TDot>(byte* rows, nint stride, int count, QuantizedActivations x, int t, float* y, bool add)
        where TDot : struct, IRowDot
    {
        var values = x.Values + (long)t * x.Blocks * 32;
        var scales = x.Scales + (long)t * x.Blocks;
        var sums = x.Sums + (long)t * x.Blocks;
        var halfSums = x.HalfSums + 2L * t * x.Blocks;
        Loop<TDot>(rows, stride, count, x.Blocks * 32 / TDot.Elements, values, scales, sums, halfSums, HalfTable.Values, y, add);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Loop<TDot>(
        byte* rows, nint stride, int count, int blocks, sbyte* x, float* scales, float* sums, float* halfSums, float* halves, float* y, bool add)
        where TDot : struct, IRowDot
    {
        var parts = TDot.Elements / 32;

        // Four short streams defeat the hardware's prefetcher, so the same place some whole groups of four rows later is asked for.
        var ahead = 4 * stride * (1 + PrefetchBytes / (4 * stride));
        var n = 0;
        for (; n + 4 <= count; n += 4, rows += 4 * stride)
        {
            byte* r0 = rows, r1 = r0 + stride, r2 = r1 + stride, r3 = r2 + stride;
            Vector256<float> s0 = default, s1 = default, s2 = default, s3 = default;
            for (var b = 0; b < blocks; b++)
            {
                var xb = x + b * TDot.Elements;
                float* scale = scales + b * parts, sum = sums + b * parts, half = halfSums + 2 * b * parts;
                for (var line = 0; line < TDot.Bytes; line += 64)
                {
                    Sse.Prefetch0(r0 + ahead + line);
                    Sse.Prefetch0(r1 + ahead + line);
                    Sse.Prefetch0(r2 + ahead + line);
                    Sse.Prefetch0(r3 + ahead + line);
                }

                s0 = TDot.Add(r0, xb, scale, sum, half, halves, s0);
                s1 = TDot.Add(r1, xb, scale, sum, half, halves, s1);
                s2 = TDot.Add(r2, xb, scale, sum, half, halves, s2);
                s3 = TDot.Add(r3, xb, scale, sum, half, halves, s3);
                r0 += TDot.Bytes;
                r1 += TDot.Bytes;
                r2 += TDot.Bytes;
                r3 += TDot.Bytes;
            }

            Put(y + n, s0, add);
            Put(y + n + 1, s1, add);
            Put(y + n + 2, s2, add);
            Put(y + n + 3, s3, add);
        }

        for (; n < count; n++, rows += stride)
        {
            Vector256<float> s = default;
            for (var b = 0; b < blocks; b++)
                s = TDot.Add(rows + b * TDot.Bytes, x + b * TDot.Elements, scales + b * parts, sums + b * parts, halfSums + 2 * b * parts, halves, s);
            Put(y + n, s, add);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Put(float* y, Vector256<float> sum, bool add)
    {
        var four = sum.GetLower() + sum.GetUpper();
        var two = four + Vector128.Shuffle(four, Vector128.Create(2, 3, 0, 1));
        var value = two[0] + two[1];
        *y = add ? *y + value : value;
    }
}
