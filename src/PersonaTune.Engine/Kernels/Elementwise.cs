using System.Numerics;
using System.Runtime.InteropServices;

namespace PersonaTune.Engine.Kernels;

/// <summary>
/// Sums, scalings and reductions over spans of equal length. Vector width is the machine's; what does not fill a vector is done one
/// by one. Nothing is allocated. Thread-safe for disjoint outputs.
/// </summary>
public static class Elementwise
{
    /// <summary>y += x.</summary>
    /// <exception cref="ArgumentException">The lengths differ.</exception>
    public static void Add(ReadOnlySpan<float> x, Span<float> y)
    {
        RequireEqual(x.Length, y.Length);
        ref var xs = ref MemoryMarshal.GetReference(x);
        ref var ys = ref MemoryMarshal.GetReference(y);
        var i = 0;
        for (; i <= x.Length - Vector<float>.Count; i += Vector<float>.Count)
            (Vector.LoadUnsafe(ref ys, (nuint)i) + Vector.LoadUnsafe(ref xs, (nuint)i)).StoreUnsafe(ref ys, (nuint)i);
        for (; i < x.Length; i++) y[i] += x[i];
    }

    /// <summary>y += scale x.</summary>
    /// <exception cref="ArgumentException">The lengths differ.</exception>
    public static void AddScaled(ReadOnlySpan<float> x, float scale, Span<float> y)
    {
        RequireEqual(x.Length, y.Length);
        ref var xs = ref MemoryMarshal.GetReference(x);
        ref var ys = ref MemoryMarshal.GetReference(y);
        var s = new Vector<float>(scale);
        var i = 0;
        for (; i <= x.Length - Vector<float>.Count; i += Vector<float>.Count)
            Vector.MultiplyAddEstimate(s, Vector.LoadUnsafe(ref xs, (nuint)i), Vector.LoadUnsafe(ref ys, (nuint)i)).StoreUnsafe(ref ys, (nuint)i);
        for (; i < x.Length; i++) y[i] = MathF.FusedMultiplyAdd(scale, x[i], y[i]);
    }

    /// <summary>Brings every value into minimum..maximum.</summary>
    internal static void Clamp(Span<float> x, float minimum, float maximum)
    {
        ref var xs = ref MemoryMarshal.GetReference(x);
        var (low, high) = (new Vector<float>(minimum), new Vector<float>(maximum));
        var i = 0;
        for (; i <= x.Length - Vector<float>.Count; i += Vector<float>.Count)
            Vector.Min(Vector.Max(Vector.LoadUnsafe(ref xs, (nuint)i), low), high).StoreUnsafe(ref xs, (nuint)i);
        for (; i < x.Length; i++) x[i] = MathF.Min(MathF.Max(x[i], minimum), maximum);
    }

    /// <summary>dy = 0 where y is not strictly between minimum and maximum.</summary>
    internal static void MaskOutside(ReadOnlySpan<float> y, float minimum, float maximum, Span<float> dy)
    {
        RequireEqual(y.Length, dy.Length);
        ref var ys = ref MemoryMarshal.GetReference(y);
        ref var gs = ref MemoryMarshal.GetReference(dy);
        var (low, high) = (new Vector<float>(minimum), new Vector<float>(maximum));
        var i = 0;
        for (; i <= y.Length - Vector<float>.Count; i += Vector<float>.Count)
        {
            var value = Vector.LoadUnsafe(ref ys, (nuint)i);
            var inside = Vector.GreaterThan(value, low) & Vector.LessThan(value, high);
            Vector.ConditionalSelect(inside, Vector.LoadUnsafe(ref gs, (nuint)i), Vector<float>.Zero).StoreUnsafe(ref gs, (nuint)i);
        }

        for (; i < y.Length; i++)
            if (!(y[i] > minimum && y[i] < maximum)) dy[i] = 0f;
    }

    /// <summary>y *= x, value by value.</summary>
    /// <exception cref="ArgumentException">The lengths differ.</exception>
    internal static void Multiply(ReadOnlySpan<float> x, Span<float> y)
    {
        RequireEqual(x.Length, y.Length);
        ref var xs = ref MemoryMarshal.GetReference(x);
        ref var ys = ref MemoryMarshal.GetReference(y);
        var i = 0;
        for (; i <= x.Length - Vector<float>.Count; i += Vector<float>.Count)
            (Vector.LoadUnsafe(ref ys, (nuint)i) * Vector.LoadUnsafe(ref xs, (nuint)i)).StoreUnsafe(ref ys, (nuint)i);
        for (; i < x.Length; i++) y[i] *= x[i];
    }

    /// <summary>x *= scale.</summary>
    public static void Scale(Span<float> x, float scale)
    {
        ref var xs = ref MemoryMarshal.GetReference(x);
        var s = new Vector<float>(scale);
        var i = 0;
        for (; i <= x.Length - Vector<float>.Count; i += Vector<float>.Count)
            (Vector.LoadUnsafe(ref xs, (nuint)i) * s).StoreUnsafe(ref xs, (nuint)i);
        for (; i < x.Length; i++) x[i] *= scale;
    }

    /// <summary>The inner product of x and y.</summary>
    /// <exception cref="ArgumentException">The lengths differ.</exception>
    public static float Dot(ReadOnlySpan<float> x, ReadOnlySpan<float> y)
    {
        RequireEqual(x.Length, y.Length);
        ref var xs = ref MemoryMarshal.GetReference(x);
        ref var ys = ref MemoryMarshal.GetReference(y);
        var width = Vector<float>.Count;
        Vector<float> a = default, b = default;
        var i = 0;
        for (; i <= x.Length - 2 * width; i += 2 * width)
        {
            a = Vector.MultiplyAddEstimate(Vector.LoadUnsafe(ref xs, (nuint)i), Vector.LoadUnsafe(ref ys, (nuint)i), a);
            b = Vector.MultiplyAddEstimate(Vector.LoadUnsafe(ref xs, (nuint)(i + width)), Vector.LoadUnsafe(ref ys, (nuint)(i + width)), b);
        }

        for (; i <= x.Length - width; i += width)
            a = Vector.MultiplyAddEstimate(Vector.LoadUnsafe(ref xs, (nuint)i), Vector.LoadUnsafe(ref ys, (nuint)i), a);
        var sum = Vector.Sum(a + b);
        for (; i < x.Length; i++) sum += x[i] * y[i];
        return sum;
    }

    /// <summary>The sum of squares in double precision: a gradient norm over millions of values must not lose its tail.</summary>
    public static double SumOfSquares(ReadOnlySpan<float> x)
    {
        ref var xs = ref MemoryMarshal.GetReference(x);
        Vector<double> a = default, b = default;
        var i = 0;
        for (; i <= x.Length - Vector<float>.Count; i += Vector<float>.Count)
        {
            Vector.Widen(Vector.LoadUnsafe(ref xs, (nuint)i), out var low, out var high);
            a += low * low;
            b += high * high;
        }

        var sum = Vector.Sum(a + b);
        for (; i < x.Length; i++) sum += (double)x[i] * x[i];
        return sum;
    }

    /// <summary>The largest value; negative infinity for an empty span.</summary>
    public static float Max(ReadOnlySpan<float> x)
    {
        ref var xs = ref MemoryMarshal.GetReference(x);
        var best = new Vector<float>(float.NegativeInfinity);
        var i = 0;
        for (; i <= x.Length - Vector<float>.Count; i += Vector<float>.Count)
            best = Vector.Max(best, Vector.LoadUnsafe(ref xs, (nuint)i));
        var max = float.NegativeInfinity;
        for (var lane = 0; lane < Vector<float>.Count; lane++) max = MathF.Max(max, best[lane]);
        for (; i < x.Length; i++) max = MathF.Max(max, x[i]);
        return max;
    }

    internal static void RequireEqual(int first, int second)
    {
        if (first != second) throw new ArgumentException($"spans of equal length are needed, found {first} and {second}", nameof(second));
    }
}
