using System.Numerics;
using System.Runtime.InteropServices;

namespace PersonaTune.Engine.Kernels;

/// <summary>
/// Layer normalization (Ba et al. 2016) of one row with frozen gain and shift: h = (x - mean) / sqrt(variance + epsilon), y = gain h + shift.
/// With g = dy gain: dx += (g - mean(g) - h mean(g h)) / sqrt(variance + epsilon).
/// </summary>
internal static class LayerNorm
{
    /// <summary>Writes y; returns mean and reciprocal deviation for the backward pass.</summary>
    public static (float Mean, float Reciprocal) Forward(ReadOnlySpan<float> x, ReadOnlySpan<float> gain, ReadOnlySpan<float> shift, Span<float> y, float epsilon)
    {
        Elementwise.RequireEqual(x.Length, y.Length);
        var mean = Sum(x) / x.Length;
        ref var xs = ref MemoryMarshal.GetReference(x);
        ref var ys = ref MemoryMarshal.GetReference(y);
        ref var ws = ref MemoryMarshal.GetReference(gain);
        ref var bs = ref MemoryMarshal.GetReference(shift);
        var (m, squares) = (new Vector<float>(mean), Vector<float>.Zero);
        var i = 0;
        for (; i <= x.Length - Vector<float>.Count; i += Vector<float>.Count)
        {
            var d = Vector.LoadUnsafe(ref xs, (nuint)i) - m;
            squares = Vector.MultiplyAddEstimate(d, d, squares);
        }

        var sum = Vector.Sum(squares);
        for (; i < x.Length; i++) sum += (x[i] - mean) * (x[i] - mean);
        var reciprocal = 1f / MathF.Sqrt(sum / x.Length + epsilon);
        var r = new Vector<float>(reciprocal);
        for (i = 0; i <= x.Length - Vector<float>.Count; i += Vector<float>.Count)
        {
            var h = (Vector.LoadUnsafe(ref xs, (nuint)i) - m) * r;
            Vector.MultiplyAddEstimate(h, Vector.LoadUnsafe(ref ws, (nuint)i), Vector.LoadUnsafe(ref bs, (nuint)i)).StoreUnsafe(ref ys, (nuint)i);
        }

        for (; i < x.Length; i++) y[i] = (x[i] - mean) * reciprocal * gain[i] + shift[i];
        return (mean, reciprocal);
    }

    /// <summary>dx += the input gradient.</summary>
    public static void Backward(ReadOnlySpan<float> x, float mean, float reciprocal, ReadOnlySpan<float> gain, ReadOnlySpan<float> dy, Span<float> dx)
    {
        Elementwise.RequireEqual(x.Length, dx.Length);
        double sum = 0, product = 0;
        for (var i = 0; i < x.Length; i++)
        {
            var g = dy[i] * gain[i];
            sum += g;
            product += g * ((x[i] - mean) * reciprocal);
        }

        var (meanGradient, meanProduct) = ((float)(sum / x.Length), (float)(product / x.Length));
        for (var i = 0; i < x.Length; i++)
            dx[i] += (dy[i] * gain[i] - meanGradient - (x[i] - mean) * reciprocal * meanProduct) * reciprocal;
    }

    private static float Sum(ReadOnlySpan<float> x)
    {
        ref var xs = ref MemoryMarshal.GetReference(x);
        var sums = Vector<float>.Zero;
        var i = 0;
        for (; i <= x.Length - Vector<float>.Count; i += Vector<float>.Count) sums += Vector.LoadUnsafe(ref xs, (nuint)i);
        var sum = Vector.Sum(sums);
        for (; i < x.Length; i++) sum += x[i];
        return sum;
    }
}
