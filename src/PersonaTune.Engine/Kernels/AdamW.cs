using System.Numerics;
using System.Runtime.InteropServices;

namespace PersonaTune.Engine.Kernels;

/// <summary>
/// AdamW (Loshchilov and Hutter 2019). With g the gradient and t the step from 1: p -= rate decay p; m = b1 m + (1 - b1) g;
/// v = b2 v + (1 - b2) g^2; p -= rate / (1 - b1^t) m / (sqrt(v / (1 - b2^t)) + epsilon).
/// </summary>
public static class AdamW
{
    /// <summary>One step over spans of equal length; the gradient is first multiplied by <paramref name="gradientScale"/>.</summary>
    /// <exception cref="ArgumentException">The lengths differ.</exception>
    public static void Update(Span<float> parameters, ReadOnlySpan<float> gradient, Span<float> first, Span<float> second, int step,
        float rate, float beta1, float beta2, float epsilon, float decay, float gradientScale)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(step, 1);
        Elementwise.RequireEqual(parameters.Length, gradient.Length);
        Elementwise.RequireEqual(parameters.Length, first.Length);
        Elementwise.RequireEqual(parameters.Length, second.Length);
        var stride = (float)(rate / (1 - Math.Pow(beta1, step)));
        var correction = (float)(1 / Math.Sqrt(1 - Math.Pow(beta2, step)));
        var keep = 1f - rate * decay;
        ref var ps = ref MemoryMarshal.GetReference(parameters);
        ref var gs = ref MemoryMarshal.GetReference(gradient);
        ref var ms = ref MemoryMarshal.GetReference(first);
        ref var vs = ref MemoryMarshal.GetReference(second);
        var i = 0;
        for (; i <= parameters.Length - Vector<float>.Count; i += Vector<float>.Count)
        {
            var at = (nuint)i;
            var g = Vector.LoadUnsafe(ref gs, at) * gradientScale;
            var m = Vector.LoadUnsafe(ref ms, at) * beta1 + g * (1f - beta1);
            var v = Vector.LoadUnsafe(ref vs, at) * beta2 + g * g * (1f - beta2);
            m.StoreUnsafe(ref ms, at);
            v.StoreUnsafe(ref vs, at);
            var move = m * stride / (Vector.SquareRoot(v) * correction + new Vector<float>(epsilon));
            (Vector.LoadUnsafe(ref ps, at) * keep - move).StoreUnsafe(ref ps, at);
        }

        for (; i < parameters.Length; i++)
        {
            var g = gradient[i] * gradientScale;
            first[i] = first[i] * beta1 + g * (1f - beta1);
            second[i] = second[i] * beta2 + g * g * (1f - beta2);
            parameters[i] = parameters[i] * keep - first[i] * stride / (MathF.Sqrt(second[i]) * correction + epsilon);
        }
    }
}
