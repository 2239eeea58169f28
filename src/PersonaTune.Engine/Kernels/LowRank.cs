using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;

namespace PersonaTune.Engine.Kernels;

/// <summary>
/// Low-rank updates at inference: u (T, R) = x (T, K) Aᵀ, then y (T, N) += u Bᵀ (Hu et al. 2021). A is (R, K) row-major. B (N, R) is
/// packed once into panels of <see cref="PanelWidth"/> outputs, each (R, PanelWidth), so that one forward pass over memory updates y;
/// the last panel is padded with zeros. Any K, N and R; sums run in one fixed order, so results do not depend on how tokens are split.
/// </summary>
public static class LowRank
{
    /// <summary>Outputs in a panel.</summary>
    public const int PanelWidth = 16;

    /// <summary>Floats that the panels of an (outputs, rank) factor take.</summary>
    public static int PanelLength(int outputs, int rank) => checked((outputs + PanelWidth - 1) / PanelWidth * PanelWidth * rank);

    /// <summary>Writes scale * B (outputs, rank) into columns [first, first + rank) of panels for <paramref name="totalRank"/> columns.</summary>
    public static void Pack(ReadOnlySpan<float> b, int outputs, int rank, float scale, Span<float> panels, int totalRank, int first)
    {
        for (var n = 0; n < outputs; n++)
        {
            var panel = panels.Slice(n / PanelWidth * PanelWidth * totalRank, PanelWidth * totalRank);
            for (var r = 0; r < rank; r++) panel[(first + r) * PanelWidth + n % PanelWidth] = scale * b[n * rank + r];
        }
    }

    /// <summary>u (tokens, rank) = x (tokens, inputs) Aᵀ.</summary>
    public static void Down(ReadOnlySpan<float> x, ReadOnlySpan<float> a, Span<float> u, int tokens, int inputs, int rank)
    {
        Check(x.Length, (long)tokens * inputs, nameof(x));
        Check(a.Length, (long)rank * inputs, nameof(a));
        Check(u.Length, (long)tokens * rank, nameof(u));
        for (var t = 0; t < tokens; t++)
        {
            ref var row = ref Unsafe.Add(ref MemoryMarshal.GetReference(x), t * inputs);
            ref var factor = ref MemoryMarshal.GetReference(a);
            var r = 0;
            for (; r + 4 <= rank; r += 4) Dot4(ref row, ref Unsafe.Add(ref factor, r * inputs), inputs, u.Slice(t * rank + r, 4));
            for (; r < rank; r++) u[t * rank + r] = Dot(ref row, ref Unsafe.Add(ref factor, r * inputs), inputs);
        }
    }

    /// <summary>
    /// y (tokens, outputs) += u' Bᵀ, where u' (tokens, rank) starts at column <paramref name="first"/> of u (tokens, uWidth).
    /// </summary>
    public static void Up(ReadOnlySpan<float> u, ReadOnlySpan<float> panels, Span<float> y, int tokens, int uWidth, int first, int rank, int outputs)
    {
        Check(u.Length, (long)tokens * uWidth, nameof(u));
        Check(panels.Length, PanelLength(outputs, rank), nameof(panels));
        Check(y.Length, (long)tokens * outputs, nameof(y));
        Check(uWidth, (long)first + rank, nameof(uWidth));
        for (var t = 0; t < tokens; t++) UpRow(u.Slice(t * uWidth + first, rank), panels, y.Slice(t * outputs, outputs));
    }

    /// <summary>The same as <see cref="Down"/> and <see cref="Up"/> for one token, in plain code: what they are tested against.</summary>
    internal static void Reference(ReadOnlySpan<float> x, ReadOnlySpan<float> a, ReadOnlySpan<float> b, float scale, Span<float> y, int rank)
    {
        for (var r = 0; r < rank; r++)
        {
            var dot = 0.0;
            for (var k = 0; k < x.Length; k++) dot += (double)x[k] * a[r * x.Length + k];
            for (var n = 0; n < y.Length; n++) y[n] += (float)(dot * scale * b[n * rank + r]);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void UpRow(ReadOnlySpan<float> u, ReadOnlySpan<float> panels, Span<float> y)
    {
        ref var weights = ref MemoryMarshal.GetReference(u);
        ref var panel = ref MemoryMarshal.GetReference(panels);
        ref var output = ref MemoryMarshal.GetReference(y);
        var n = 0;
        for (; n + PanelWidth <= y.Length; n += PanelWidth)
        {
            var low = Vector256.LoadUnsafe(ref output, (nuint)n);
            var high = Vector256.LoadUnsafe(ref output, (nuint)(n + 8));
            for (var r = 0; r < u.Length; r++)
            {
                var weight = Vector256.Create(Unsafe.Add(ref weights, r));
                low = Vector256.MultiplyAddEstimate(weight, Vector256.LoadUnsafe(ref panel), low);
                high = Vector256.MultiplyAddEstimate(weight, Vector256.LoadUnsafe(ref panel, 8), high);
                panel = ref Unsafe.Add(ref panel, PanelWidth);
            }

            low.StoreUnsafe(ref output, (nuint)n);
            high.StoreUnsafe(ref output, (nuint)(n + 8));
        }

        for (var r = 0; n < y.Length && r < u.Length; r++)
            for (var i = n; i < y.Length; i++)
                y[i] += u[r] * Unsafe.Add(ref panel, r * PanelWidth + i - n);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Dot4(ref float x, ref float a, int length, Span<float> sums)
    {
        Vector256<float> s0 = default, s1 = default, s2 = default, s3 = default;
        ref var a1 = ref Unsafe.Add(ref a, length);
        ref var a2 = ref Unsafe.Add(ref a1, length);
        ref var a3 = ref Unsafe.Add(ref a2, length);
        var k = 0;
        for (; k + 8 <= length; k += 8)
        {
            var v = Vector256.LoadUnsafe(ref x, (nuint)k);
            s0 = Vector256.MultiplyAddEstimate(v, Vector256.LoadUnsafe(ref a, (nuint)k), s0);
            s1 = Vector256.MultiplyAddEstimate(v, Vector256.LoadUnsafe(ref a1, (nuint)k), s1);
            s2 = Vector256.MultiplyAddEstimate(v, Vector256.LoadUnsafe(ref a2, (nuint)k), s2);
            s3 = Vector256.MultiplyAddEstimate(v, Vector256.LoadUnsafe(ref a3, (nuint)k), s3);
        }

        float t0 = Vector256.Sum(s0), t1 = Vector256.Sum(s1), t2 = Vector256.Sum(s2), t3 = Vector256.Sum(s3);
        for (; k < length; k++)
        {
            var v = Unsafe.Add(ref x, k);
            t0 += v * Unsafe.Add(ref a, k);
            t1 += v * Unsafe.Add(ref a1, k);
            t2 += v * Unsafe.Add(ref a2, k);
            t3 += v * Unsafe.Add(ref a3, k);
        }

        (sums[0], sums[1], sums[2], sums[3]) = (t0, t1, t2, t3);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static float Dot(ref float x, ref float a, int length)
    {
        var sum = Vector256<float>.Zero;
        var k = 0;
        for (; k + 8 <= length; k += 8)
            sum = Vector256.MultiplyAddEstimate(Vector256.LoadUnsafe(ref x, (nuint)k), Vector256.LoadUnsafe(ref a, (nuint)k), sum);
        var total = Vector256.Sum(sum);
        for (; k < length; k++) total += Unsafe.Add(ref x, k) * Unsafe.Add(ref a, k);
        return total;
    }

    private static void Check(long actual, long needed, string name)
    {
        if (actual < needed) throw new ArgumentException($"expected at least {needed} values, found {actual}", name);
    }
}
