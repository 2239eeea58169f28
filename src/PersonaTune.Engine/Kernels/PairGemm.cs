using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.Arm;
using System.Runtime.Intrinsics.X86;

namespace PersonaTune.Engine.Kernels;

/// <summary>
/// sums (m, N) = x (m, K) W^T in 32-bit integers: x holds 16-bit values of at most 9 bits, rows of 2 Pairs values (zero behind K); W is packed
/// (<see cref="PairPanels"/>). Rows of the result have Panels x 16 values. Exact, so every path gives the same bits.
/// </summary>
internal static unsafe class PairGemm
{
    private const int Width = PairPanels.Width;

    public static void Multiply(short* x, int m, PairPanels w, int* sums)
    {
        var stride = w.Panels * Width;
        for (var p = 0; p < w.Panels; p++)
        {
            var panel = w.Panel(p);
            var i = 0;
            if (Avx512BW.IsSupported)
            {
                for (; i <= m - 8; i += 8) Rows8(x + (long)i * w.Pairs * 2, panel, w.Pairs, sums + (long)i * stride + p * Width, stride);
                for (; i < m; i++) Row512(x + (long)i * w.Pairs * 2, panel, w.Pairs, sums + (long)i * stride + p * Width);
            }
            else if (Avx2.IsSupported)
            {
                for (; i <= m - 4; i += 4) Rows4(x + (long)i * w.Pairs * 2, panel, w.Pairs, sums + (long)i * stride + p * Width, stride);
                for (; i < m; i++) Row256(x + (long)i * w.Pairs * 2, panel, w.Pairs, sums + (long)i * stride + p * Width);
            }
            else
            {
                for (; i < m; i++) Row128(x + (long)i * w.Pairs * 2, panel, w.Pairs, sums + (long)i * stride + p * Width);
            }
        }
    }

    /// <summary>The plain form.</summary>
    internal static void MultiplyScalar(short* x, int m, PairPanels w, int* sums)
    {
        var stride = w.Panels * Width;
        for (var i = 0; i < m; i++)
            for (var n = 0; n < stride; n++)
            {
                var panel = w.Panel(n / Width) + n % Width * 2;
                var sum = 0;
                for (var k = 0; k < w.Pairs; k++)
                    sum += x[(long)i * w.Pairs * 2 + 2 * k] * panel[k * Width * 2] + x[(long)i * w.Pairs * 2 + 2 * k + 1] * panel[k * Width * 2 + 1];
                sums[(long)i * stride + n] = sum;
            }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Rows8(short* x, short* w, int pairs, int* y, int stride)
    {
        Vector512<int> s0 = default, s1 = default, s2 = default, s3 = default, s4 = default, s5 = default, s6 = default, s7 = default;
        int* x0 = (int*)x, x1 = x0 + pairs, x2 = x1 + pairs, x3 = x2 + pairs, x4 = x3 + pairs, x5 = x4 + pairs, x6 = x5 + pairs, x7 = x6 + pairs;
        for (var k = 0; k < pairs; k++, w += Width * 2)
        {
            var b = Vector512.Load(w);
            s0 += Avx512BW.MultiplyAddAdjacent(Vector512.Create(x0[k]).AsInt16(), b);
            s1 += Avx512BW.MultiplyAddAdjacent(Vector512.Create(x1[k]).AsInt16(), b);
            s2 += Avx512BW.MultiplyAddAdjacent(Vector512.Create(x2[k]).AsInt16(), b);
            s3 += Avx512BW.MultiplyAddAdjacent(Vector512.Create(x3[k]).AsInt16(), b);
            s4 += Avx512BW.MultiplyAddAdjacent(Vector512.Create(x4[k]).AsInt16(), b);
            s5 += Avx512BW.MultiplyAddAdjacent(Vector512.Create(x5[k]).AsInt16(), b);
            s6 += Avx512BW.MultiplyAddAdjacent(Vector512.Create(x6[k]).AsInt16(), b);
            s7 += Avx512BW.MultiplyAddAdjacent(Vector512.Create(x7[k]).AsInt16(), b);
        }

        s0.Store(y);
        s1.Store(y + stride);
        s2.Store(y + 2L * stride);
        s3.Store(y + 3L * stride);
        s4.Store(y + 4L * stride);
        s5.Store(y + 5L * stride);
        s6.Store(y + 6L * stride);
        s7.Store(y + 7L * stride);
    }

    private static void Row512(short* x, short* w, int pairs, int* y)
    {
        var sum = Vector512<int>.Zero;
        for (var k = 0; k < pairs; k++, w += Width * 2) sum += Avx512BW.MultiplyAddAdjacent(Vector512.Create(((int*)x)[k]).AsInt16(), Vector512.Load(w));
        sum.Store(y);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Rows4(short* x, short* w, int pairs, int* y, int stride)
    {
        Vector256<int> a0 = default, b0 = default, a1 = default, b1 = default, a2 = default, b2 = default, a3 = default, b3 = default;
        int* x0 = (int*)x, x1 = x0 + pairs, x2 = x1 + pairs, x3 = x2 + pairs;
        for (var k = 0; k < pairs; k++, w += Width * 2)
        {
            var (low, high) = (Vector256.Load(w), Vector256.Load(w + Width));
            var v = Vector256.Create(x0[k]).AsInt16();
            a0 += Avx2.MultiplyAddAdjacent(v, low);
            b0 += Avx2.MultiplyAddAdjacent(v, high);
            v = Vector256.Create(x1[k]).AsInt16();
            a1 += Avx2.MultiplyAddAdjacent(v, low);
            b1 += Avx2.MultiplyAddAdjacent(v, high);
            v = Vector256.Create(x2[k]).AsInt16();
            a2 += Avx2.MultiplyAddAdjacent(v, low);
            b2 += Avx2.MultiplyAddAdjacent(v, high);
            v = Vector256.Create(x3[k]).AsInt16();
            a3 += Avx2.MultiplyAddAdjacent(v, low);
            b3 += Avx2.MultiplyAddAdjacent(v, high);
        }

        a0.Store(y);
        b0.Store(y + 8);
        a1.Store(y + stride);
        b1.Store(y + stride + 8);
        a2.Store(y + 2L * stride);
        b2.Store(y + 2L * stride + 8);
        a3.Store(y + 3L * stride);
        b3.Store(y + 3L * stride + 8);
    }

    private static void Row256(short* x, short* w, int pairs, int* y)
    {
        Vector256<int> low = default, high = default;
        for (var k = 0; k < pairs; k++, w += Width * 2)
        {
            var v = Vector256.Create(((int*)x)[k]).AsInt16();
            low += Avx2.MultiplyAddAdjacent(v, Vector256.Load(w));
            high += Avx2.MultiplyAddAdjacent(v, Vector256.Load(w + Width));
        }

        low.Store(y);
        high.Store(y + 8);
    }

    private static void Row128(short* x, short* w, int pairs, int* y)
    {
        Vector128<int> s0 = default, s1 = default, s2 = default, s3 = default;
        for (var k = 0; k < pairs; k++, w += Width * 2)
        {
            var v = Vector128.Create(((int*)x)[k]).AsInt16();
            s0 += Pairwise(v, Vector128.Load(w));
            s1 += Pairwise(v, Vector128.Load(w + 8));
            s2 += Pairwise(v, Vector128.Load(w + 16));
            s3 += Pairwise(v, Vector128.Load(w + 24));
        }

        s0.Store(y);
        s1.Store(y + 4);
        s2.Store(y + 8);
        s3.Store(y + 12);
    }

    private static Vector128<int> Pairwise(Vector128<short> a, Vector128<short> b)
    {
        if (Sse2.IsSupported) return Sse2.MultiplyAddAdjacent(a, b);
        if (AdvSimd.Arm64.IsSupported)
            return AdvSimd.Arm64.AddPairwise(AdvSimd.MultiplyWideningLower(a.GetLower(), b.GetLower()), AdvSimd.MultiplyWideningUpper(a, b));
        var (low, high) = (Vector128.WidenLower(a) * Vector128.WidenLower(b), Vector128.WidenUpper(a) * Vector128.WidenUpper(b));
        return Vector128.Create(low[0] + low[1], low[2] + low[3], high[0] + high[1], high[2] + high[3]);
    }
}
