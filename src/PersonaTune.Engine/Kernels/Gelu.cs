using System.Numerics;
using System.Runtime.InteropServices;

namespace PersonaTune.Engine.Kernels;

/// <summary>
/// Gaussian error linear unit (Hendrycks and Gimpel 2016): y = x Phi(x), dx = dy (Phi(x) + x phi(x)). The error function is Abramowitz and Stegun's
/// 7.1.26, absolute error below 1.5e-7.
/// </summary>
internal static class Gelu
{
    private const float P = 0.3275911f;
    private const float A1 = 0.254829592f;
    private const float A2 = -0.284496736f;
    private const float A3 = 1.421413741f;
    private const float A4 = -1.453152027f;
    private const float A5 = 1.061405429f;
    private const float InverseSqrt2 = 0.70710678118654752f;
    private const float InverseSqrt2Pi = 0.39894228040143268f;

    /// <summary>y = x Phi(x); y may be x.</summary>
    public static void Forward(ReadOnlySpan<float> x, Span<float> y)
    {
        Elementwise.RequireEqual(x.Length, y.Length);
        ref var xs = ref MemoryMarshal.GetReference(x);
        ref var ys = ref MemoryMarshal.GetReference(y);
        var i = 0;
        for (; i <= x.Length - Vector<float>.Count; i += Vector<float>.Count)
        {
            var v = Vector.LoadUnsafe(ref xs, (nuint)i);
            (v * Distribution(v, VectorMath.Exp(v * v * new Vector<float>(-0.5f)))).StoreUnsafe(ref ys, (nuint)i);
        }

        for (; i < x.Length; i++) y[i] = x[i] * Distribution(x[i], MathF.Exp(-0.5f * x[i] * x[i]));
    }

    /// <summary>Replaces dy by dx.</summary>
    public static void BackwardInPlace(ReadOnlySpan<float> x, Span<float> dy)
    {
        Elementwise.RequireEqual(x.Length, dy.Length);
        ref var xs = ref MemoryMarshal.GetReference(x);
        ref var gs = ref MemoryMarshal.GetReference(dy);
        var i = 0;
        for (; i <= x.Length - Vector<float>.Count; i += Vector<float>.Count)
        {
            var v = Vector.LoadUnsafe(ref xs, (nuint)i);
            var bell = VectorMath.Exp(v * v * new Vector<float>(-0.5f));
            var slope = Vector.MultiplyAddEstimate(v * bell, new Vector<float>(InverseSqrt2Pi), Distribution(v, bell));
            (Vector.LoadUnsafe(ref gs, (nuint)i) * slope).StoreUnsafe(ref gs, (nuint)i);
        }

        for (; i < x.Length; i++)
        {
            var bell = MathF.Exp(-0.5f * x[i] * x[i]);
            dy[i] *= Distribution(x[i], bell) + x[i] * bell * InverseSqrt2Pi;
        }
    }

    // Phi(x) = (1 + erf(x / sqrt 2)) / 2 with bell = exp(-x^2 / 2), of which erf needs exp(-(x / sqrt 2)^2), the same.
    private static Vector<float> Distribution(Vector<float> x, Vector<float> bell)
    {
        var t = Vector<float>.One / Vector.MultiplyAddEstimate(Vector.Abs(x), new Vector<float>(P * InverseSqrt2), Vector<float>.One);
        var p = Vector.MultiplyAddEstimate(new Vector<float>(A5), t, new Vector<float>(A4));
        p = Vector.MultiplyAddEstimate(p, t, new Vector<float>(A3));
        p = Vector.MultiplyAddEstimate(p, t, new Vector<float>(A2));
        p = Vector.MultiplyAddEstimate(p, t, new Vector<float>(A1));
        var tail = p * t * bell * new Vector<float>(0.5f);
        return Vector.ConditionalSelect(Vector.LessThan(x, Vector<float>.Zero), tail, Vector<float>.One - tail);
    }

    private static float Distribution(float x, float bell)
    {
        var t = 1f / (1f + P * InverseSqrt2 * MathF.Abs(x));
        var tail = 0.5f * ((((A5 * t + A4) * t + A3) * t + A2) * t + A1) * t * bell;
        return x < 0 ? tail : 1f - tail;
    }
}
