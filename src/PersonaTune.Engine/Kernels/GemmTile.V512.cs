using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace PersonaTune.Engine.Kernels;

/// <content>AVX-512: 24 accumulators, two vectors of b and one broadcast of the 32 registers.</content>
internal static unsafe partial class GemmTile
{
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Tile12x32(float* a, nint rs, nint cs, float* b, int k, float* c, nint ldc, int used, float alpha, bool add)
    {
        var last = used - 1;
        var a1 = Math.Min(1, last) * rs;
        var a2 = Math.Min(2, last) * rs;
        var a3 = Math.Min(3, last) * rs;
        var a4 = Math.Min(4, last) * rs;
        var a5 = Math.Min(5, last) * rs;
        var a6 = Math.Min(6, last) * rs;
        var a7 = Math.Min(7, last) * rs;
        var a8 = Math.Min(8, last) * rs;
        var a9 = Math.Min(9, last) * rs;
        var a10 = Math.Min(10, last) * rs;
        var a11 = Math.Min(11, last) * rs;
        Vector512<float> c00 = Vector512<float>.Zero, c01 = Vector512<float>.Zero;
        Vector512<float> c10 = Vector512<float>.Zero, c11 = Vector512<float>.Zero;
        Vector512<float> c20 = Vector512<float>.Zero, c21 = Vector512<float>.Zero;
        Vector512<float> c30 = Vector512<float>.Zero, c31 = Vector512<float>.Zero;
        Vector512<float> c40 = Vector512<float>.Zero, c41 = Vector512<float>.Zero;
        Vector512<float> c50 = Vector512<float>.Zero, c51 = Vector512<float>.Zero;
        Vector512<float> c60 = Vector512<float>.Zero, c61 = Vector512<float>.Zero;
        Vector512<float> c70 = Vector512<float>.Zero, c71 = Vector512<float>.Zero;
        Vector512<float> c80 = Vector512<float>.Zero, c81 = Vector512<float>.Zero;
        Vector512<float> c90 = Vector512<float>.Zero, c91 = Vector512<float>.Zero;
        Vector512<float> c100 = Vector512<float>.Zero, c101 = Vector512<float>.Zero;
        Vector512<float> c110 = Vector512<float>.Zero, c111 = Vector512<float>.Zero;
        for (var p = 0; p < k; p++)
        {
            var b0 = Vector512.Load(b);
            var b1 = Vector512.Load(b + 16);
            var x = Vector512.Create(*a);
            c00 = Vector512.FusedMultiplyAdd(x, b0, c00);
            c01 = Vector512.FusedMultiplyAdd(x, b1, c01);
            x = Vector512.Create(*(a + a1));
            c10 = Vector512.FusedMultiplyAdd(x, b0, c10);
            c11 = Vector512.FusedMultiplyAdd(x, b1, c11);
            x = Vector512.Create(*(a + a2));
            c20 = Vector512.FusedMultiplyAdd(x, b0, c20);
            c21 = Vector512.FusedMultiplyAdd(x, b1, c21);
            x = Vector512.Create(*(a + a3));
            c30 = Vector512.FusedMultiplyAdd(x, b0, c30);
            c31 = Vector512.FusedMultiplyAdd(x, b1, c31);
            x = Vector512.Create(*(a + a4));
            c40 = Vector512.FusedMultiplyAdd(x, b0, c40);
            c41 = Vector512.FusedMultiplyAdd(x, b1, c41);
            x = Vector512.Create(*(a + a5));
            c50 = Vector512.FusedMultiplyAdd(x, b0, c50);
            c51 = Vector512.FusedMultiplyAdd(x, b1, c51);
            x = Vector512.Create(*(a + a6));
            c60 = Vector512.FusedMultiplyAdd(x, b0, c60);
            c61 = Vector512.FusedMultiplyAdd(x, b1, c61);
            x = Vector512.Create(*(a + a7));
            c70 = Vector512.FusedMultiplyAdd(x, b0, c70);
            c71 = Vector512.FusedMultiplyAdd(x, b1, c71);
            x = Vector512.Create(*(a + a8));
            c80 = Vector512.FusedMultiplyAdd(x, b0, c80);
            c81 = Vector512.FusedMultiplyAdd(x, b1, c81);
            x = Vector512.Create(*(a + a9));
            c90 = Vector512.FusedMultiplyAdd(x, b0, c90);
            c91 = Vector512.FusedMultiplyAdd(x, b1, c91);
            x = Vector512.Create(*(a + a10));
            c100 = Vector512.FusedMultiplyAdd(x, b0, c100);
            c101 = Vector512.FusedMultiplyAdd(x, b1, c101);
            x = Vector512.Create(*(a + a11));
            c110 = Vector512.FusedMultiplyAdd(x, b0, c110);
            c111 = Vector512.FusedMultiplyAdd(x, b1, c111);
            a += cs;
            b += 32;
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
        if (used == 6) return;
        Store(c + 6 * ldc, c60, c61, alpha, add);
        if (used == 7) return;
        Store(c + 7 * ldc, c70, c71, alpha, add);
        if (used == 8) return;
        Store(c + 8 * ldc, c80, c81, alpha, add);
        if (used == 9) return;
        Store(c + 9 * ldc, c90, c91, alpha, add);
        if (used == 10) return;
        Store(c + 10 * ldc, c100, c101, alpha, add);
        if (used == 11) return;
        Store(c + 11 * ldc, c110, c111, alpha, add);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Tile6x32(float* a, nint rs, nint cs, float* b, int k, float* c, nint ldc, int used, float alpha, bool add)
    {
        var last = used - 1;
        var a1 = Math.Min(1, last) * rs;
        var a2 = Math.Min(2, last) * rs;
        var a3 = Math.Min(3, last) * rs;
        var a4 = Math.Min(4, last) * rs;
        var a5 = Math.Min(5, last) * rs;
        Vector512<float> c00 = Vector512<float>.Zero, c01 = Vector512<float>.Zero;
        Vector512<float> c10 = Vector512<float>.Zero, c11 = Vector512<float>.Zero;
        Vector512<float> c20 = Vector512<float>.Zero, c21 = Vector512<float>.Zero;
        Vector512<float> c30 = Vector512<float>.Zero, c31 = Vector512<float>.Zero;
        Vector512<float> c40 = Vector512<float>.Zero, c41 = Vector512<float>.Zero;
        Vector512<float> c50 = Vector512<float>.Zero, c51 = Vector512<float>.Zero;
        for (var p = 0; p < k; p++)
        {
            var b0 = Vector512.Load(b);
            var b1 = Vector512.Load(b + 16);
            var x = Vector512.Create(*a);
            c00 = Vector512.FusedMultiplyAdd(x, b0, c00);
            c01 = Vector512.FusedMultiplyAdd(x, b1, c01);
            x = Vector512.Create(*(a + a1));
            c10 = Vector512.FusedMultiplyAdd(x, b0, c10);
            c11 = Vector512.FusedMultiplyAdd(x, b1, c11);
            x = Vector512.Create(*(a + a2));
            c20 = Vector512.FusedMultiplyAdd(x, b0, c20);
            c21 = Vector512.FusedMultiplyAdd(x, b1, c21);
            x = Vector512.Create(*(a + a3));
            c30 = Vector512.FusedMultiplyAdd(x, b0, c30);
            c31 = Vector512.FusedMultiplyAdd(x, b1, c31);
            x = Vector512.Create(*(a + a4));
            c40 = Vector512.FusedMultiplyAdd(x, b0, c40);
            c41 = Vector512.FusedMultiplyAdd(x, b1, c41);
            x = Vector512.Create(*(a + a5));
            c50 = Vector512.FusedMultiplyAdd(x, b0, c50);
            c51 = Vector512.FusedMultiplyAdd(x, b1, c51);
            a += cs;
            b += 32;
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

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Store(float* c, Vector512<float> low, Vector512<float> high, float alpha, bool add)
    {
        var scale = Vector512.Create(alpha);
        low *= scale;
        high *= scale;
        if (add)
        {
            low += Vector512.Load(c);
            high += Vector512.Load(c + 16);
        }

        low.Store(c);
        high.Store(c + 16);
    }
}
