using PersonaTune.Engine.Tensors;

namespace PersonaTune.Engine.Kernels;

/// <content>One token: the decode path.</content>
public static unsafe partial class MatMul
{
    /// <summary>y (N) = W x for one token, the decode path: reads the quantized blocks once. <paramref name="accumulate"/> adds.</summary>
    /// <exception cref="ArgumentException">A span is too short for the shape of W.</exception>
    public static void Vector(WorkerPool pool, ReadOnlySpan<float> x, in WeightMatrix w, Span<float> y, bool accumulate = false) =>
        Forward(pool, x, w, y, 1, accumulate);

    /// <summary>As <see cref="Forward"/>, but activations are rounded to 8 bits a block of 32 where the weights are quantized: faster, for inference.</summary>
    /// <exception cref="ArgumentException">A span is too short for T and the shape of W.</exception>
    public static void ForwardInt8(WorkerPool pool, ReadOnlySpan<float> x, in WeightMatrix w, Span<float> y, int tokens, bool accumulate = false) =>
        Forward(pool, x, w, y, tokens, accumulate);
}
