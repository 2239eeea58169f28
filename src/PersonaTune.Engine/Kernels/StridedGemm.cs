using System.Numerics;
using System.Runtime.CompilerServices;

namespace PersonaTune.Engine.Kernels;

/// <summary>
/// Small f32 products on one thread, for attention heads and LoRA factors: C (m, n) = alpha A B, or += with accumulate.
/// A is read element by element at a[i * rowStride + p * columnStride] (so it may be transposed); rows of B and C are contiguous.
/// Tiles of 4 rows by 3 vectors, 6 by 2 or 8 by 1 stay in registers; k runs in blocks so that B's panel stays in the L2 cache; what does not fill
/// a tile is done row by row, what does not fill a vector one by one. Every element is one chain of fused multiply-adds in the order of k,
/// so a result does not depend on how rows and columns are shared out. n that is a multiple of the vector width is fastest.
/// </summary>
internal static unsafe class StridedGemm
{
    private const int DepthBlock = 256;

    /// <summary>Computes the product; the regions of C and the inputs must not overlap.</summary>
    public static void Multiply(float* a, int rowStride, int columnStride, float* b, int bStride, float* c, int cStride,
        int m, int n, int k, float alpha, bool accumulate)
    {
        if (k == 0 && !accumulate)
            for (var i = 0; i < m; i++) new Span<float>(c + (long)i * cStride, n).Clear();
        for (var p = 0; p < k; p += DepthBlock)
        {
            var depth = Math.Min(DepthBlock, k - p);
            Block(a + (long)p * columnStride, rowStride, columnStride, b + (long)p * bStride, bStride, c, cStride, m, n, depth, alpha, accumulate || p > 0);
        }
    }

    /// <summary>The plain form.</summary>
    internal static void MultiplyScalar(float* a, int rowStride, int columnStride, float* b, int bStride, float* c, int cStride,
        int m, int n, int k, float alpha, bool accumulate)
    {
        for (var i = 0; i < m; i++)
            for (var j = 0; j < n; j++)
            {
                var sum = 0f;
                for (var p = 0; p < k; p++) sum = MathF.FusedMultiplyAdd(a[(long)i * rowStride + (long)p * columnStride], b[(long)p * bStride + j], sum);
                sum *= alpha;
                c[(long)i * cStride + j] = accumulate ? sum + c[(long)i * cStride + j] : sum;
            }
    }

    private static void Block(float* a, int rowStride, int columnStride, float* b, int bStride, float* c, int cStride,
        int m, int n, int k, float alpha, bool accumulate)
    {
        var width = Vector<float>.Count;
        var j = 0;
        for (; j <= n - 3 * width; j += 3 * width)
        {
            var i = 0;
            for (; i <= m - 4; i += 4)
                Tile4x3(a + (long)i * rowStride, rowStride, columnStride, b + j, bStride, c + (long)i * cStride + j, cStride, k, alpha, accumulate);
            for (; i < m; i++)
                for (var v = 0; v < 3; v++)
                    Tile1x1(a + (long)i * rowStride, columnStride, b + j + v * width, bStride, c + (long)i * cStride + j + v * width, k, alpha, accumulate);
        }

        for (; j <= n - 2 * width; j += 2 * width)
        {
            var i = 0;
            for (; i <= m - 6; i += 6)
                Tile6x2(a + (long)i * rowStride, rowStride, columnStride, b + j, bStride, c + (long)i * cStride + j, cStride, k, alpha, accumulate);
            for (; i < m; i++)
                for (var v = 0; v < 2; v++)
                    Tile1x1(a + (long)i * rowStride, columnStride, b + j + v * width, bStride, c + (long)i * cStride + j + v * width, k, alpha, accumulate);
        }

        for (; j <= n - width; j += width)
        {
            var i = 0;
            for (; i <= m - 8; i += 8)
                Tile8x1(a + (long)i * rowStride, rowStride, columnStride, b + j, bStride, c + (long)i * cStride + j, cStride, k, alpha, accumulate);
            for (; i < m; i++)
                Tile1x1(a + (long)i * rowStride, columnStride, b + j, bStride, c + (long)i * cStride + j, k, alpha, accumulate);
        }

        if (j < n) MultiplyScalar(a, rowStride, columnStride, b + j, bStride, c + j, cStride, m, n - j, k, alpha, accumulate);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Tile4x3(float* a, int rs, int cs, float* b, int bs, float* c, int stride, int k, float alpha, bool accumulate)
    {
        var w = Vector<float>.Count;
        Vector<float> c00 = default, c01 = default, c02 = default, c10 = default, c11 = default, c12 = default;
        Vector<float> c20 = default, c21 = default, c22 = default, c30 = default, c31 = default, c32 = default;
        float* a1 = a + rs, a2 = a1 + rs, a3 = a2 + rs;
        for (var p = 0; p < k; p++)
        {
            var b0 = Vector.Load(b);
            var b1 = Vector.Load(b + w);
            var b2 = Vector.Load(b + 2 * w);
            var x = new Vector<float>(*a);
            c00 = Vector.MultiplyAddEstimate(x, b0, c00);
            c01 = Vector.MultiplyAddEstimate(x, b1, c01);
            c02 = Vector.MultiplyAddEstimate(x, b2, c02);
            x = new Vector<float>(*a1);
            c10 = Vector.MultiplyAddEstimate(x, b0, c10);
            c11 = Vector.MultiplyAddEstimate(x, b1, c11);
            c12 = Vector.MultiplyAddEstimate(x, b2, c12);
            x = new Vector<float>(*a2);
            c20 = Vector.MultiplyAddEstimate(x, b0, c20);
            c21 = Vector.MultiplyAddEstimate(x, b1, c21);
            c22 = Vector.MultiplyAddEstimate(x, b2, c22);
            x = new Vector<float>(*a3);
            c30 = Vector.MultiplyAddEstimate(x, b0, c30);
            c31 = Vector.MultiplyAddEstimate(x, b1, c31);
            c32 = Vector.MultiplyAddEstimate(x, b2, c32);
            a += cs;
            a1 += cs;
            a2 += cs;
            a3 += cs;
            b += bs;
        }

        Store3(c, c00, c01, c02, alpha, accumulate);
        Store3(c + stride, c10, c11, c12, alpha, accumulate);
        Store3(c + 2 * (long)stride, c20, c21, c22, alpha, accumulate);
        Store3(c + 3 * (long)stride, c30, c31, c32, alpha, accumulate);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Tile6x2(float* a, int rs, int cs, float* b, int bs, float* c, int stride, int k, float alpha, bool accumulate)
    {
        var w = Vector<float>.Count;
        Vector<float> c00 = default, c01 = default, c10 = default, c11 = default, c20 = default, c21 = default;
        Vector<float> c30 = default, c31 = default, c40 = default, c41 = default, c50 = default, c51 = default;
        float* a1 = a + rs, a2 = a1 + rs, a3 = a2 + rs, a4 = a3 + rs, a5 = a4 + rs;
        for (long p = 0, at = 0; p < k; p++, at += cs)
        {
            var b0 = Vector.Load(b);
            var b1 = Vector.Load(b + w);
            var x = new Vector<float>(a[at]);
            c00 = Vector.MultiplyAddEstimate(x, b0, c00);
            c01 = Vector.MultiplyAddEstimate(x, b1, c01);
            x = new Vector<float>(a1[at]);
            c10 = Vector.MultiplyAddEstimate(x, b0, c10);
            c11 = Vector.MultiplyAddEstimate(x, b1, c11);
            x = new Vector<float>(a2[at]);
            c20 = Vector.MultiplyAddEstimate(x, b0, c20);
            c21 = Vector.MultiplyAddEstimate(x, b1, c21);
            x = new Vector<float>(a3[at]);
            c30 = Vector.MultiplyAddEstimate(x, b0, c30);
            c31 = Vector.MultiplyAddEstimate(x, b1, c31);
            x = new Vector<float>(a4[at]);
            c40 = Vector.MultiplyAddEstimate(x, b0, c40);
            c41 = Vector.MultiplyAddEstimate(x, b1, c41);
            x = new Vector<float>(a5[at]);
            c50 = Vector.MultiplyAddEstimate(x, b0, c50);
            c51 = Vector.MultiplyAddEstimate(x, b1, c51);
            b += bs;
        }

        Store2(c, c00, c01, alpha, accumulate);
        Store2(c + stride, c10, c11, alpha, accumulate);
        Store2(c + 2 * (long)stride, c20, c21, alpha, accumulate);
        Store2(c + 3 * (long)stride, c30, c31, alpha, accumulate);
        Store2(c + 4 * (long)stride, c40, c41, alpha, accumulate);
        Store2(c + 5 * (long)stride, c50, c51, alpha, accumulate);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Tile8x1(float* a, int rs, int cs, float* b, int bs, float* c, int stride, int k, float alpha, bool accumulate)
    {
        Vector<float> c0 = default, c1 = default, c2 = default, c3 = default, c4 = default, c5 = default, c6 = default, c7 = default;
        float* a4 = a + 4 * (long)rs;
        var rs3 = 3 * (long)rs;
        for (var p = 0; p < k; p++)
        {
            var b0 = Vector.Load(b);
            c0 = Vector.MultiplyAddEstimate(new Vector<float>(a[0]), b0, c0);
            c1 = Vector.MultiplyAddEstimate(new Vector<float>(a[rs]), b0, c1);
            c2 = Vector.MultiplyAddEstimate(new Vector<float>(a[2 * (long)rs]), b0, c2);
            c3 = Vector.MultiplyAddEstimate(new Vector<float>(a[rs3]), b0, c3);
            c4 = Vector.MultiplyAddEstimate(new Vector<float>(a4[0]), b0, c4);
            c5 = Vector.MultiplyAddEstimate(new Vector<float>(a4[rs]), b0, c5);
            c6 = Vector.MultiplyAddEstimate(new Vector<float>(a4[2 * (long)rs]), b0, c6);
            c7 = Vector.MultiplyAddEstimate(new Vector<float>(a4[rs3]), b0, c7);
            a += cs;
            a4 += cs;
            b += bs;
        }

        Store1(c, c0, alpha, accumulate);
        Store1(c + stride, c1, alpha, accumulate);
        Store1(c + 2 * (long)stride, c2, alpha, accumulate);
        Store1(c + 3 * (long)stride, c3, alpha, accumulate);
        Store1(c + 4 * (long)stride, c4, alpha, accumulate);
        Store1(c + 5 * (long)stride, c5, alpha, accumulate);
        Store1(c + 6 * (long)stride, c6, alpha, accumulate);
        Store1(c + 7 * (long)stride, c7, alpha, accumulate);
    }

    private static void Tile1x1(float* a, int cs, float* b, int bs, float* c, int k, float alpha, bool accumulate)
    {
        Vector<float> sum = default;
        for (var p = 0; p < k; p++)
        {
            sum = Vector.MultiplyAddEstimate(new Vector<float>(*a), Vector.Load(b), sum);
            a += cs;
            b += bs;
        }

        Store1(c, sum, alpha, accumulate);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Store3(float* c, Vector<float> v0, Vector<float> v1, Vector<float> v2, float alpha, bool accumulate)
    {
        Store1(c, v0, alpha, accumulate);
        Store1(c + Vector<float>.Count, v1, alpha, accumulate);
        Store1(c + 2 * Vector<float>.Count, v2, alpha, accumulate);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Store2(float* c, Vector<float> v0, Vector<float> v1, float alpha, bool accumulate)
    {
        Store1(c, v0, alpha, accumulate);
        Store1(c + Vector<float>.Count, v1, alpha, accumulate);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Store1(float* c, Vector<float> v, float alpha, bool accumulate)
    {
        v *= alpha;
        if (accumulate) v += Vector.Load(c);
        Vector.Store(v, c);
    }
}
