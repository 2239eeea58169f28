using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace PersonaTune.Engine.Kernels;

/// <content>
/// 128-bit vectors: AdvSimd holds 6 x 16 in 24 of its 32 registers; x86 without AVX2 spills and is only meant to be correct.
/// </content>
internal static unsafe partial class GemmTile
{
    private static void TileNarrow(int height, float* a, nint rs, nint cs, float* b, int k, float* c, nint ldc, int used, float alpha, bool add)
    {
        if (height == 6) Narrow6x16(a, rs, cs, b, k, c, ldc, used, alpha, add);
        else Narrow4x16(a, rs, cs, b, k, c, ldc, used, alpha, add);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Narrow6x16(float* a, nint rs, nint cs, float* b, int k, float* c, nint ldc, int used, float alpha, bool add)
    {
        var last = used - 1;
        var a1 = Math.Min(1, last) * rs;
        var a2 = Math.Min(2, last) * rs;
        var a3 = Math.Min(3, last) * rs;
        var a4 = Math.Min(4, last) * rs;
        var a5 = Math.Min(5, last) * rs;
        Vector128<float> c00 = Vector128<float>.Zero, c01 = Vector128<float>.Zero, c02 = Vector128<float>.Zero, c03 = Vector128<float>.Zero;
        Vector128<float> c10 = Vector128<float>.Zero, c11 = Vector128<float>.Zero, c12 = Vector128<float>.Zero, c13 = Vector128<float>.Zero;
        Vector128<float> c20 = Vector128<float>.Zero, c21 = Vector128<float>.Zero, c22 = Vector128<float>.Zero, c23 = Vector128<float>.Zero;
        Vector128<float> c30 = Vector128<float>.Zero, c31 = Vector128<float>.Zero, c32 = Vector128<float>.Zero, c33 = Vector128<float>.Zero;
        Vector128<float> c40 = Vector128<float>.Zero, c41 = Vector128<float>.Zero, c42 = Vector128<float>.Zero, c43 = Vector128<float>.Zero;
        Vector128<float> c50 = Vector128<float>.Zero, c51 = Vector128<float>.Zero, c52 = Vector128<float>.Zero, c53 = Vector128<float>.Zero;
        for (var p = 0; p < k; p++)
        {
            var b0 = Vector128.Load(b);
            var b1 = Vector128.Load(b + 4);
            var b2 = Vector128.Load(b + 8);
            var b3 = Vector128.Load(b + 12);
            var x = Vector128.Create(*a);
            c00 = Vector128.MultiplyAddEstimate(x, b0, c00);
            c01 = Vector128.MultiplyAddEstimate(x, b1, c01);
            c02 = Vector128.MultiplyAddEstimate(x, b2, c02);
            c03 = Vector128.MultiplyAddEstimate(x, b3, c03);
            x = Vector128.Create(*(a + a1));
            c10 = Vector128.MultiplyAddEstimate(x, b0, c10);
            c11 = Vector128.MultiplyAddEstimate(x, b1, c11);
            c12 = Vector128.MultiplyAddEstimate(x, b2, c12);
            c13 = Vector128.MultiplyAddEstimate(x, b3, c13);
            x = Vector128.Create(*(a + a2));
            c20 = Vector128.MultiplyAddEstimate(x, b0, c20);
            c21 = Vector128.MultiplyAddEstimate(x, b1, c21);
            c22 = Vector128.MultiplyAddEstimate(x, b2, c22);
            c23 = Vector128.MultiplyAddEstimate(x, b3, c23);
            x = Vector128.Create(*(a + a3));
            c30 = Vector128.MultiplyAddEstimate(x, b0, c30);
            c31 = Vector128.MultiplyAddEstimate(x, b1, c31);
            c32 = Vector128.MultiplyAddEstimate(x, b2, c32);
            c33 = Vector128.MultiplyAddEstimate(x, b3, c33);
            x = Vector128.Create(*(a + a4));
            c40 = Vector128.MultiplyAddEstimate(x, b0, c40);
            c41 = Vector128.MultiplyAddEstimate(x, b1, c41);
            c42 = Vector128.MultiplyAddEstimate(x, b2, c42);
            c43 = Vector128.MultiplyAddEstimate(x, b3, c43);
            x = Vector128.Create(*(a + a5));
            c50 = Vector128.MultiplyAddEstimate(x, b0, c50);
            c51 = Vector128.MultiplyAddEstimate(x, b1, c51);
            c52 = Vector128.MultiplyAddEstimate(x, b2, c52);
            c53 = Vector128.MultiplyAddEstimate(x, b3, c53);
            a += cs;
            b += 16;
        }

        Store(c, c00, c01, c02, c03, alpha, add);
        if (used == 1) return;
        Store(c + ldc, c10, c11, c12, c13, alpha, add);
        if (used == 2) return;
        Store(c + 2 * ldc, c20, c21, c22, c23, alpha, add);
        if (used == 3) return;
        Store(c + 3 * ldc, c30, c31, c32, c33, alpha, add);
        if (used == 4) return;
        Store(c + 4 * ldc, c40, c41, c42, c43, alpha, add);
        if (used == 5) return;
        Store(c + 5 * ldc, c50, c51, c52, c53, alpha, add);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Narrow4x16(float* a, nint rs, nint cs, float* b, int k, float* c, nint ldc, int used, float alpha, bool add)
    {
        var last = used - 1;
        var a1 = Math.Min(1, last) * rs;
        var a2 = Math.Min(2, last) * rs;
        var a3 = Math.Min(3, last) * rs;
        Vector128<float> c00 = Vector128<float>.Zero, c01 = Vector128<float>.Zero, c02 = Vector128<float>.Zero, c03 = Vector128<float>.Zero;
        Vector128<float> c10 = Vector128<float>.Zero, c11 = Vector128<float>.Zero, c12 = Vector128<float>.Zero, c13 = Vector128<float>.Zero;
        Vector128<float> c20 = Vector128<float>.Zero, c21 = Vector128<float>.Zero, c22 = Vector128<float>.Zero, c23 = Vector128<float>.Zero;
        Vector128<float> c30 = Vector128<float>.Zero, c31 = Vector128<float>.Zero, c32 = Vector128<float>.Zero, c33 = Vector128<float>.Zero;
        for (var p = 0; p < k; p++)
        {
            var b0 = Vector128.Load(b);
            var b1 = Vector128.Load(b + 4);
            var b2 = Vector128.Load(b + 8);
            var b3 = Vector128.Load(b + 12);
            var x = Vector128.Create(*a);
            c00 = Vector128.MultiplyAddEstimate(x, b0, c00);
            c01 = Vector128.MultiplyAddEstimate(x, b1, c01);
            c02 = Vector128.MultiplyAddEstimate(x, b2, c02);
            c03 = Vector128.MultiplyAddEstimate(x, b3, c03);
            x = Vector128.Create(*(a + a1));
            c10 = Vector128.MultiplyAddEstimate(x, b0, c10);
            c11 = Vector128.MultiplyAddEstimate(x, b1, c11);
            c12 = Vector128.MultiplyAddEstimate(x, b2, c12);
            c13 = Vector128.MultiplyAddEstimate(x, b3, c13);
            x = Vector128.Create(*(a + a2));
            c20 = Vector128.MultiplyAddEstimate(x, b0, c20);
            c21 = Vector128.MultiplyAddEstimate(x, b1, c21);
            c22 = Vector128.MultiplyAddEstimate(x, b2, c22);
            c23 = Vector128.MultiplyAddEstimate(x, b3, c23);
            x = Vector128.Create(*(a + a3));
            c30 = Vector128.MultiplyAddEstimate(x, b0, c30);
            c31 = Vector128.MultiplyAddEstimate(x, b1, c31);
            c32 = Vector128.MultiplyAddEstimate(x, b2, c32);
            c33 = Vector128.MultiplyAddEstimate(x, b3, c33);
            a += cs;
            b += 16;
        }

        Store(c, c00, c01, c02, c03, alpha, add);
        if (used == 1) return;
        Store(c + ldc, c10, c11, c12, c13, alpha, add);
        if (used == 2) return;
        Store(c + 2 * ldc, c20, c21, c22, c23, alpha, add);
        if (used == 3) return;
        Store(c + 3 * ldc, c30, c31, c32, c33, alpha, add);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Store(float* c, Vector128<float> v0, Vector128<float> v1, Vector128<float> v2, Vector128<float> v3, float alpha, bool add)
    {
        Store(c, v0, alpha, add);
        Store(c + 4, v1, alpha, add);
        Store(c + 8, v2, alpha, add);
        Store(c + 12, v3, alpha, add);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Store(float* c, Vector128<float> v, float alpha, bool add)
    {
        v *= alpha;
        if (add) v += Vector128.Load(c);
        v.Store(c);
    }
}
