using PersonaTune.Engine.Tensors;

namespace PersonaTune.Engine.Kernels;

/// <content>Products with activations rounded to 8 bits.</content>
public static unsafe partial class MatMul
{
    /// <summary>As <see cref="Forward"/>, but activations are rounded to 8 bits a block of 32 where the weights are quantized: faster, for inference.</summary>
    /// <exception cref="ArgumentException">A span is too short for T and the shape of W.</exception>
    public static void ForwardInt8(WorkerPool pool, ReadOnlySpan<float> x, in WeightMatrix w, Span<float> y, int tokens, bool accumulate = false)
    {
        Check(pool, w, tokens, x.Length, w.Columns, y.Length, w.Rows);
        if (!UsesInt8(w.Type))
        {
            Forward(pool, x, w, y, tokens, accumulate);
            return;
        }

        var rounded = _rounded ??= new QuantizedActivations();
        rounded.Quantize(pool, x, tokens, w.Columns);
        ForwardInt8(pool, x, rounded, w, y, accumulate);
    }

    /// <summary>
    /// The same with activations that were rounded once for several matrices: <paramref name="rounded"/> holds
    /// <paramref name="x"/> (T, K), which itself is read only where W is not block-quantized.
    /// </summary>
    /// <exception cref="ArgumentException">The rounded input has another width than W, or a span is too short.</exception>
    public static void ForwardInt8(
        WorkerPool pool, ReadOnlySpan<float> x, QuantizedActivations rounded, in WeightMatrix w, Span<float> y, bool accumulate = false)
    {
        ArgumentNullException.ThrowIfNull(rounded);
        Check(pool, w, rounded.Tokens, x.Length, w.Columns, y.Length, w.Rows);
        if (rounded.Columns != w.Columns)
            throw new ArgumentException($"the rounded activations have {rounded.Columns} columns but the matrix has {w.Columns}; quantize the input of this matrix", nameof(rounded));
        Forward(pool, x, w, y, rounded.Tokens, accumulate);
    }

    /// <summary>Whether products with weights of this type round the activations to 8 bits.</summary>
    public static bool UsesInt8(TensorType type) => type is TensorType.Q8_0 or TensorType.Q4_0 or TensorType.Q4_1
        or TensorType.Q5_0 or TensorType.Q5_1 or TensorType.Q4_K or TensorType.Q5_K or TensorType.Q6_K;
}
