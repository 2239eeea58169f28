using System.Numerics;
using System.Runtime.InteropServices;

namespace PersonaTune.Engine.Kernels;

/// <summary>Softmax of one row, shifted by its maximum so that nothing overflows.</summary>
public static class Softmax
{
    /// <summary>
    /// Replaces x by softmax(scale x) and returns log(sum(exp(scale x))). A row whose entries are all negative infinity has no
    /// softmax and gives NaN.
    /// </summary>
    public static float Forward(Span<float> x, float scale = 1f)
    {
        var max = Elementwise.Max(x) * scale;
        var sum = ExpSum(x, scale, max);
        Elementwise.Scale(x, 1f / sum);
        return max + MathF.Log(sum);
    }

    /// <summary>Replaces x by exp(scale x - shift) and returns the sum.</summary>
    public static float ExpSum(Span<float> x, float scale, float shift)
    {
        ref var xs = ref MemoryMarshal.GetReference(x);
        Vector<float> s = new(scale), m = new(shift), sums = default;
        var i = 0;
        for (; i <= x.Length - Vector<float>.Count; i += Vector<float>.Count)
        {
            var e = VectorMath.Exp(Vector.LoadUnsafe(ref xs, (nuint)i) * s - m);
            e.StoreUnsafe(ref xs, (nuint)i);
            sums += e;
        }

        var sum = Vector.Sum(sums);
        for (; i < x.Length; i++) sum += x[i] = MathF.Exp(x[i] * scale - shift);
        return sum;
    }

    /// <summary>log(sum(exp(x))) without changing x; the plain form, in double precision.</summary>
    public static double LogSumExp(ReadOnlySpan<float> x)
    {
        double max = Elementwise.Max(x), sum = 0;
        foreach (var value in x) sum += Math.Exp(value - max);
        return max + Math.Log(sum);
    }
}
