using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace PersonaTune.Engine.Kernels;

// Tiles of one and of two tokens; every sum runs in the same order in both. Vector256 becomes two Vector128 where 256-bit vectors are
// missing.
public static unsafe partial class LowRank
{
    // Floats ahead of the stream: eight cache lines cover the latency of memory at the speed these loops read.
    private const int Ahead = 128;

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void DownOne(float* x, int inputs, float* a, float* u)
    {
        Vector256<float> s0 = default, s1 = default, s2 = default, s3 = default;
        var k = 0;
        for (; k + Lanes <= inputs; k += Lanes, a += GroupRows * Lanes)
        {
            if (Sse.IsSupported)
            {
                Sse.Prefetch0(a + Ahead);
                Sse.Prefetch0(a + Ahead + 16);
            }

            var v = Vector256.Load(x + k);
            s0 = Vector256.MultiplyAddEstimate(v, Vector256.Load(a), s0);
            s1 = Vector256.MultiplyAddEstimate(v, Vector256.Load(a + 8), s1);
            s2 = Vector256.MultiplyAddEstimate(v, Vector256.Load(a + 16), s2);
            s3 = Vector256.MultiplyAddEstimate(v, Vector256.Load(a + 24), s3);
        }

        u[0] = Vector256.Sum(s0);
        u[1] = Vector256.Sum(s1);
        u[2] = Vector256.Sum(s2);
        u[3] = Vector256.Sum(s3);
        DownTail(x, k, inputs, a, u);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void DownPair(float* x, int inputs, float* a, float* u, int columns)
    {
        Vector256<float> s0 = default, s1 = default, s2 = default, s3 = default, r0 = default, r1 = default, r2 = default, r3 = default;
        var second = x + inputs;
        var k = 0;
        for (; k + Lanes <= inputs; k += Lanes, a += GroupRows * Lanes)
        {
            Vector256<float> a0 = Vector256.Load(a), a1 = Vector256.Load(a + 8), a2 = Vector256.Load(a + 16), a3 = Vector256.Load(a + 24);
            var v = Vector256.Load(x + k);
            s0 = Vector256.MultiplyAddEstimate(v, a0, s0);
            s1 = Vector256.MultiplyAddEstimate(v, a1, s1);
            s2 = Vector256.MultiplyAddEstimate(v, a2, s2);
            s3 = Vector256.MultiplyAddEstimate(v, a3, s3);
            var w = Vector256.Load(second + k);
            r0 = Vector256.MultiplyAddEstimate(w, a0, r0);
            r1 = Vector256.MultiplyAddEstimate(w, a1, r1);
            r2 = Vector256.MultiplyAddEstimate(w, a2, r2);
            r3 = Vector256.MultiplyAddEstimate(w, a3, r3);
        }

        u[0] = Vector256.Sum(s0);
        u[1] = Vector256.Sum(s1);
        u[2] = Vector256.Sum(s2);
        u[3] = Vector256.Sum(s3);
        DownTail(x, k, inputs, a, u);
        u += columns;
        u[0] = Vector256.Sum(r0);
        u[1] = Vector256.Sum(r1);
        u[2] = Vector256.Sum(r2);
        u[3] = Vector256.Sum(r3);
        DownTail(second, k, inputs, a, u);
    }

    private static void DownTail(float* x, int k, int inputs, float* a, float* u)
    {
        for (var lane = 0; k + lane < inputs; lane++)
            for (var r = 0; r < GroupRows; r++)
                u[r] += x[k + lane] * a[r * Lanes + lane];
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void UpOne(float* u, float* panel, float* y, int rank, int outputs)
    {
        var n = 0;
        for (; n + PanelWidth <= outputs; n += PanelWidth)
        {
            var low = Vector256.Load(y + n);
            var high = Vector256.Load(y + n + 8);
            for (var r = 0; r < rank; r++, panel += PanelWidth)
            {
                if (Sse.IsSupported) Sse.Prefetch0(panel + Ahead);
                var weight = Vector256.Create(u[r]);
                low = Vector256.MultiplyAddEstimate(weight, Vector256.Load(panel), low);
                high = Vector256.MultiplyAddEstimate(weight, Vector256.Load(panel + 8), high);
            }

            low.Store(y + n);
            high.Store(y + n + 8);
        }

        UpTail(u, panel, y, n, rank, outputs);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void UpPair(float* u, int uWidth, float* panel, float* y, int rank, int outputs)
    {
        float* second = u + uWidth, z = y + outputs;
        var n = 0;
        for (; n + PanelWidth <= outputs; n += PanelWidth)
        {
            Vector256<float> low = Vector256.Load(y + n), high = Vector256.Load(y + n + 8);
            Vector256<float> low2 = Vector256.Load(z + n), high2 = Vector256.Load(z + n + 8);
            for (var r = 0; r < rank; r++, panel += PanelWidth)
            {
                Vector256<float> b0 = Vector256.Load(panel), b1 = Vector256.Load(panel + 8);
                var weight = Vector256.Create(u[r]);
                low = Vector256.MultiplyAddEstimate(weight, b0, low);
                high = Vector256.MultiplyAddEstimate(weight, b1, high);
                var weight2 = Vector256.Create(second[r]);
                low2 = Vector256.MultiplyAddEstimate(weight2, b0, low2);
                high2 = Vector256.MultiplyAddEstimate(weight2, b1, high2);
            }

            low.Store(y + n);
            high.Store(y + n + 8);
            low2.Store(z + n);
            high2.Store(z + n + 8);
        }

        UpTail(u, panel, y, n, rank, outputs);
        UpTail(second, panel, z, n, rank, outputs);
    }

    private static void UpTail(float* u, float* panel, float* y, int n, int rank, int outputs)
    {
        for (var i = 0; n + i < outputs; i++)
            for (var r = 0; r < rank; r++)
                y[n + i] += u[r] * panel[r * PanelWidth + i];
    }
}
