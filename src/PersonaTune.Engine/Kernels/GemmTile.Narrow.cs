using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace PersonaTune.Engine.Kernels;

/// <content>
/// 8 x 8 for products with few columns, such as those with a LoRA factor of rank 8: a panel of 16 would waste half of the work.
/// </content>
internal static unsafe partial class GemmTile
{
    /// <summary>As Panel for a packed panel of 8 columns; needs AVX2 with FMA.</summary>
    public static void NarrowPanel(
        float* a, nint rowStride, nint columnStride, float* b, int k, float* c, nint ldc, int rows, int columns, float alpha, bool add)
    {
        var edge = stackalloc float[64];
        for (var done = 0; done < rows; done += 8, a += 8 * rowStride, c += 8 * ldc)
        {
            var used = Math.Min(8, rows - done);
            if (columns == 8)
            {
                Tile8x8(a, rowStride, columnStride, b, k, c, ldc, used, alpha, add);
                continue;
            }

            Tile8x8(a, rowStride, columnStride, b, k, edge, 8, used, alpha, false);
            for (var i = 0; i < used; i++)
                for (var j = 0; j < columns; j++) c[i * ldc + j] = add ? c[i * ldc + j] + edge[i * 8 + j] : edge[i * 8 + j];
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Tile8x8(float* a, nint rs, nint cs, float* b, int k, float* c, nint ldc, int used, float alpha, bool add)
    {
        var last = used - 1;
        var a1 = Math.Min(1, last) * rs;
        var a2 = Math.Min(2, last) * rs;
        var a3 = Math.Min(3, last) * rs;
        var a4 = Math.Min(4, last) * rs;
        var a5 = Math.Min(5, last) * rs;
        var a6 = Math.Min(6, last) * rs;
        var a7 = Math.Min(7, last) * rs;
        Vector256<float> c0 = default, c1 = default, c2 = default, c3 = default;
        Vector256<float> c4 = default, c5 = default, c6 = default, c7 = default;
        for (var p = 0; p < k; p++)
        {
            var v = Vector256.Load(b);
            c0 = Fma.MultiplyAdd(Vector256.Create(*a), v, c0);
            c1 = Fma.MultiplyAdd(Vector256.Create(*(a + a1)), v, c1);
            c2 = Fma.MultiplyAdd(Vector256.Create(*(a + a2)), v, c2);
            c3 = Fma.MultiplyAdd(Vector256.Create(*(a + a3)), v, c3);
            c4 = Fma.MultiplyAdd(Vector256.Create(*(a + a4)), v, c4);
            c5 = Fma.MultiplyAdd(Vector256.Create(*(a + a5)), v, c5);
            c6 = Fma.MultiplyAdd(Vector256.Create(*(a + a6)), v, c6);
            c7 = Fma.MultiplyAdd(Vector256.Create(*(a + a7)), v, c7);
            a += cs;
            b += 8;
        }

        Store(c, c0, alpha, add);
        if (used == 1) return;
        Store(c + ldc, c1, alpha, add);
        if (used == 2) return;
        Store(c + 2 * ldc, c2, alpha, add);
        if (used == 3) return;
        Store(c + 3 * ldc, c3, alpha, add);
        if (used == 4) return;
        Store(c + 4 * ldc, c4, alpha, add);
        if (used == 5) return;
        Store(c + 5 * ldc, c5, alpha, add);
        if (used == 6) return;
        Store(c + 6 * ldc, c6, alpha, add);
        if (used == 7) return;
        Store(c + 7 * ldc, c7, alpha, add);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Store(float* c, Vector256<float> v, float alpha, bool add)
    {
        v *= Vector256.Create(alpha);
        if (add) v += Vector256.Load(c);
        v.Store(c);
    }
}
