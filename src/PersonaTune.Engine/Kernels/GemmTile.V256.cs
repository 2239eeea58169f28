using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace PersonaTune.Engine.Kernels;

/// <content>AVX2 with FMA: 12 accumulators, two vectors of b and one broadcast fill the 16 registers.</content>
internal static unsafe partial class GemmTile
{
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    internal static void Tile6x16(float* a, nint rs, nint cs, float* b, int k, float* c, nint ldc, int used, float alpha, bool add)
    {
        var last = used - 1;
        var a1 = Math.Min(1, last) * rs;
        var a2 = Math.Min(2, last) * rs;
        var a3 = Math.Min(3, last) * rs;
        var a4 = Math.Min(4, last) * rs;
        var a5 = Math.Min(5, last) * rs;

        // The rows of c lie pages apart: fetched now, they have arrived when the sums are done; so have the starts of the next tile's rows of a,
        // whose rest the processor fetches by itself. A prefetch of a wrong address is harmless.
        if (Sse.IsSupported)
        {
            for (var row = c; row < c + 6 * ldc; row += ldc)
            {
                Sse.Prefetch0(row);
                Sse.Prefetch0(row + 15);
            }

            for (var row = a + 6 * rs; row < a + 12 * rs; row += rs)
            {
                Sse.Prefetch0(row);
                Sse.Prefetch0(row + 16);
            }
        }

        Vector256<float> c00 = Vector256<float>.Zero, c01 = Vector256<float>.Zero;
        Vector256<float> c10 = Vector256<float>.Zero, c11 = Vector256<float>.Zero;
        Vector256<float> c20 = Vector256<float>.Zero, c21 = Vector256<float>.Zero;
        Vector256<float> c30 = Vector256<float>.Zero, c31 = Vector256<float>.Zero;
        Vector256<float> c40 = Vector256<float>.Zero, c41 = Vector256<float>.Zero;
        Vector256<float> c50 = Vector256<float>.Zero, c51 = Vector256<float>.Zero;
        for (var p = 0; p < k; p++)
        {
            var b0 = Vector256.Load(b);
            var b1 = Vector256.Load(b + 8);
            var x = Vector256.Create(*a);
            c00 = Fma.MultiplyAdd(x, b0, c00);
            c01 = Fma.MultiplyAdd(x, b1, c01);
            x = Vector256.Create(*(a + a1));
            c10 = Fma.MultiplyAdd(x, b0, c10);
            c11 = Fma.MultiplyAdd(x, b1, c11);
            x = Vector256.Create(*(a + a2));
            c20 = Fma.MultiplyAdd(x, b0, c20);
            c21 = Fma.MultiplyAdd(x, b1, c21);
            x = Vector256.Create(*(a + a3));
            c30 = Fma.MultiplyAdd(x, b0, c30);
            c31 = Fma.MultiplyAdd(x, b1, c31);
            x = Vector256.Create(*(a + a4));
            c40 = Fma.MultiplyAdd(x, b0, c40);
            c41 = Fma.MultiplyAdd(x, b1, c41);
            x = Vector256.Create(*(a + a5));
            c50 = Fma.MultiplyAdd(x, b0, c50);
            c51 = Fma.MultiplyAdd(x, b1, c51);
            a += cs;
            b += 16;
        }

        Store(c, c00, c01, alpha, add);
        if (used == 1) return;
        Store(c + ldc, c10, c11, alpha, add);
        if (used == 2) return;
        Store(c + 2 * ldc, c20, c21, alpha, add);
        if (used == 3) return;
        Store(c + 3 * ldc, c30, c31, alpha, add);
        if (used == 4) return;
        Store(c + 4 * ldc, c40, c41, alpha, add);
        if (used == 5) return;
        Store(c + 5 * ldc, c50, c51, alpha, add);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Tile4x16(float* a, nint rs, nint cs, float* b, int k, float* c, nint ldc, int used, float alpha, bool add)
    {
        var last = used - 1;
        var a1 = Math.Min(1, last) * rs;
        var a2 = Math.Min(2, last) * rs;
        var a3 = Math.Min(3, last) * rs;
        Vector256<float> c00 = Vector256<float>.Zero, c01 = Vector256<float>.Zero;
        Vector256<float> c10 = Vector256<float>.Zero, c11 = Vector256<float>.Zero;
        Vector256<float> c20 = Vector256<float>.Zero, c21 = Vector256<float>.Zero;
        Vector256<float> c30 = Vector256<float>.Zero, c31 = Vector256<float>.Zero;
        for (var p = 0; p < k; p++)
        {
            var b0 = Vector256.Load(b);
            var b1 = Vector256.Load(b + 8);
            var x = Vector256.Create(*a);
            c00 = Fma.MultiplyAdd(x, b0, c00);
            c01 = Fma.MultiplyAdd(x, b1, c01);
            x = Vector256.Create(*(a + a1));
            c10 = Fma.MultiplyAdd(x, b0, c10);
            c11 = Fma.MultiplyAdd(x, b1, c11);
            x = Vector256.Create(*(a + a2));
            c20 = Fma.MultiplyAdd(x, b0, c20);
            c21 = Fma.MultiplyAdd(x, b1, c21);
            x = Vector256.Create(*(a + a3));
            c30 = Fma.MultiplyAdd(x, b0, c30);
            c31 = Fma.MultiplyAdd(x, b1, c31);
            a += cs;
            b += 16;
        }

        Store(c, c00, c01, alpha, add);
        if (used == 1) return;
        Store(c + ldc, c10, c11, alpha, add);
        if (used == 2) return;
        Store(c + 2 * ldc, c20, c21, alpha, add);
        if (used == 3) return;
        Store(c + 3 * ldc, c30, c31, alpha, add);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Store(float* c, Vector256<float> low, Vector256<float> high, float alpha, bool add)
    {
        var scale = Vector256.Create(alpha);
        low *= scale;
        high *= scale;
        if (add)
        {
            low += Vector256.Load(c);
            high += Vector256.Load(c + 8);
        }

        low.Store(c);
        high.Store(c + 8);
    }
}
