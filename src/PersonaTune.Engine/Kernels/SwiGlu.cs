using System.Numerics;
using System.Runtime.InteropServices;

namespace PersonaTune.Engine.Kernels;

/// <summary>
/// Gated feed-forward activation (Shazeer 2020): y = silu(gate) up, silu(g) = g sigmoid(g).
/// With s = sigmoid(g): d up = dy g s, d gate = dy up s (1 + g (1 - s)).
/// </summary>
public static class SwiGlu
{
    /// <summary>y = silu(gate) up, element by element; <paramref name="y"/> may be one of the inputs.</summary>
    /// <exception cref="ArgumentException">The lengths differ.</exception>
    public static void Forward(ReadOnlySpan<float> gate, ReadOnlySpan<float> up, Span<float> y)
    {
        Elementwise.RequireEqual(gate.Length, up.Length);
        Elementwise.RequireEqual(gate.Length, y.Length);
        ref var gs = ref MemoryMarshal.GetReference(gate);
        ref var us = ref MemoryMarshal.GetReference(up);
        ref var ys = ref MemoryMarshal.GetReference(y);
        var i = 0;
        for (; i <= gate.Length - Vector<float>.Count; i += Vector<float>.Count)
        {
            var g = Vector.LoadUnsafe(ref gs, (nuint)i);
            (g * VectorMath.Sigmoid(g) * Vector.LoadUnsafe(ref us, (nuint)i)).StoreUnsafe(ref ys, (nuint)i);
        }

        ForwardScalar(gate[i..], up[i..], y[i..]);
    }

    /// <summary>Replaces gate and up by their gradients for dy.</summary>
    /// <exception cref="ArgumentException">The lengths differ.</exception>
    public static void BackwardInPlace(ReadOnlySpan<float> dy, Span<float> gate, Span<float> up)
    {
        Elementwise.RequireEqual(dy.Length, gate.Length);
        Elementwise.RequireEqual(dy.Length, up.Length);
        ref var ds = ref MemoryMarshal.GetReference(dy);
        ref var gs = ref MemoryMarshal.GetReference(gate);
        ref var us = ref MemoryMarshal.GetReference(up);
        var i = 0;
        for (; i <= dy.Length - Vector<float>.Count; i += Vector<float>.Count)
        {
            var d = Vector.LoadUnsafe(ref ds, (nuint)i);
            var g = Vector.LoadUnsafe(ref gs, (nuint)i);
            var u = Vector.LoadUnsafe(ref us, (nuint)i);
            var s = VectorMath.Sigmoid(g);
            (d * u * s * Vector.MultiplyAddEstimate(g, Vector<float>.One - s, Vector<float>.One)).StoreUnsafe(ref gs, (nuint)i);
            (d * g * s).StoreUnsafe(ref us, (nuint)i);
        }

        for (; i < dy.Length; i++)
        {
            var s = 1f / (1f + MathF.Exp(-gate[i]));
            var dGate = dy[i] * up[i] * s * (1f + gate[i] * (1f - s));
            up[i] = dy[i] * gate[i] * s;
            gate[i] = dGate;
        }
    }

    /// <summary>The plain form of <see cref="Forward"/>.</summary>
    internal static void ForwardScalar(ReadOnlySpan<float> gate, ReadOnlySpan<float> up, Span<float> y)
    {
        for (var i = 0; i < gate.Length; i++) y[i] = gate[i] / (1f + MathF.Exp(-gate[i])) * up[i];
    }
}
