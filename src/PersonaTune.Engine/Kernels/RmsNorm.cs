using System.Numerics;
using System.Runtime.InteropServices;

namespace PersonaTune.Engine.Kernels;

/// <summary>
/// RMS norm (Zhang and Sennrich 2019), row by row: y = w x / rms(x), rms(x) = sqrt(mean(x^2) + epsilon).
/// With s = 1 / rms, n the width and g = w dy: dx = s g - x s^3 / n (x . g).
/// </summary>
public static class RmsNorm
{
    /// <summary>y (tokens, n) from x (tokens, n) and weight (n). <paramref name="y"/> may be <paramref name="x"/>.</summary>
    /// <exception cref="ArgumentException">A length does not fit.</exception>
    public static void Forward(ReadOnlySpan<float> x, ReadOnlySpan<float> weight, Span<float> y, int tokens, float epsilon)
    {
        var n = weight.Length;
        RequireShape(x.Length, tokens, n);
        RequireShape(y.Length, tokens, n);
        ref var w = ref MemoryMarshal.GetReference(weight);
        for (var t = 0; t < tokens; t++)
        {
            var row = x.Slice(t * n, n);
            var scale = InverseRms(row, epsilon);
            ref var xs = ref MemoryMarshal.GetReference(row);
            ref var ys = ref MemoryMarshal.GetReference(y.Slice(t * n, n));
            var s = new Vector<float>(scale);
            var i = 0;
            for (; i <= n - Vector<float>.Count; i += Vector<float>.Count)
                (Vector.LoadUnsafe(ref xs, (nuint)i) * s * Vector.LoadUnsafe(ref w, (nuint)i)).StoreUnsafe(ref ys, (nuint)i);
            for (; i < n; i++) y[t * n + i] = row[i] * scale * weight[i];
        }
    }

    /// <summary>dx += the gradient of <see cref="Forward"/> for dy; the statistics are recomputed from x.</summary>
    /// <exception cref="ArgumentException">A length does not fit.</exception>
    public static void Backward(ReadOnlySpan<float> x, ReadOnlySpan<float> weight, ReadOnlySpan<float> dy, Span<float> dx, int tokens, float epsilon)
    {
        var n = weight.Length;
        RequireShape(x.Length, tokens, n);
        RequireShape(dy.Length, tokens, n);
        RequireShape(dx.Length, tokens, n);
        ref var w = ref MemoryMarshal.GetReference(weight);
        for (var t = 0; t < tokens; t++)
        {
            var row = x.Slice(t * n, n);
            ref var xs = ref MemoryMarshal.GetReference(row);
            ref var gs = ref MemoryMarshal.GetReference(dy.Slice(t * n, n));
            ref var ds = ref MemoryMarshal.GetReference(dx.Slice(t * n, n));
            var scale = InverseRms(row, epsilon);
            Vector<float> sums = default;
            var i = 0;
            for (; i <= n - Vector<float>.Count; i += Vector<float>.Count)
                sums = Vector.MultiplyAddEstimate(Vector.LoadUnsafe(ref xs, (nuint)i) * Vector.LoadUnsafe(ref w, (nuint)i), Vector.LoadUnsafe(ref gs, (nuint)i), sums);
            var dot = Vector.Sum(sums);
            for (; i < n; i++) dot += row[i] * weight[i] * dy[t * n + i];

            var along = -scale * scale * scale * dot / n;
            Vector<float> s = new(scale), c = new(along);
            for (i = 0; i <= n - Vector<float>.Count; i += Vector<float>.Count)
            {
                var g = Vector.LoadUnsafe(ref w, (nuint)i) * Vector.LoadUnsafe(ref gs, (nuint)i);
                var d = Vector.MultiplyAddEstimate(s, g, Vector.LoadUnsafe(ref ds, (nuint)i));
                Vector.MultiplyAddEstimate(c, Vector.LoadUnsafe(ref xs, (nuint)i), d).StoreUnsafe(ref ds, (nuint)i);
            }

            for (; i < n; i++) dx[t * n + i] += scale * weight[i] * dy[t * n + i] + along * row[i];
        }
    }

    /// <summary>The plain form of <see cref="Forward"/> in double precision.</summary>
    internal static void ForwardScalar(ReadOnlySpan<float> x, ReadOnlySpan<float> weight, Span<float> y, int tokens, float epsilon)
    {
        var n = weight.Length;
        for (var t = 0; t < tokens; t++)
        {
            var sum = 0.0;
            for (var i = 0; i < n; i++) sum += (double)x[t * n + i] * x[t * n + i];
            var scale = 1 / Math.Sqrt(sum / n + epsilon);
            for (var i = 0; i < n; i++) y[t * n + i] = (float)(x[t * n + i] * scale * weight[i]);
        }
    }

    private static float InverseRms(ReadOnlySpan<float> row, float epsilon) => 1f / MathF.Sqrt(Elementwise.Dot(row, row) / row.Length + epsilon);

    private static void RequireShape(int length, int tokens, int width)
    {
        if (length != (long)tokens * width) throw new ArgumentException($"expected {tokens} x {width} values, found {length}", nameof(length));
    }
}
