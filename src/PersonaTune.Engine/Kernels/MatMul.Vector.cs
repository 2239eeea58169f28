using PersonaTune.Engine.Tensors;

namespace PersonaTune.Engine.Kernels;

/// <content>Few tokens: the decode path.</content>
public static unsafe partial class MatMul
{
    [ThreadStatic]
    private static QuantizedActivations? _rounded;

    /// <summary>
    /// y (N) = W x for one token, the decode path: reads the quantized blocks once, activations rounded to 8 bits a block of 32 where
    /// the weights are block-quantized. <paramref name="accumulate"/> adds.
    /// </summary>
    /// <exception cref="ArgumentException">A span is too short for the shape of W.</exception>
    public static void Vector(WorkerPool pool, ReadOnlySpan<float> x, in WeightMatrix w, Span<float> y, bool accumulate = false) =>
        ForwardInt8(pool, x, w, y, 1, accumulate);

    /// <summary>y (N) = W x for one token with activations in f32: the exact form of <see cref="Vector"/>.</summary>
    /// <exception cref="ArgumentException">A span is too short for the shape of W.</exception>
    public static void VectorF32(WorkerPool pool, ReadOnlySpan<float> x, in WeightMatrix w, Span<float> y, bool accumulate = false) =>
        Forward(pool, x, w, y, 1, accumulate);
}
