using PersonaTune.Engine.Quantization;
using PersonaTune.Engine.Tensors;

namespace PersonaTune.Engine.Kernels;

/// <summary>Products of f32 activations with frozen, possibly quantized weights.</summary>
public static class MatMul
{
    /// <summary>y (T, N) = x (T, K) Wᵀ, or += with <paramref name="accumulate"/>; W is (N, K). Activations stay f32.</summary>
    public static void Forward(WorkerPool pool, ReadOnlySpan<float> x, in WeightMatrix w, Span<float> y, int tokens, bool accumulate = false)
    {
        var row = new float[w.Columns];
        for (var n = 0; n < w.Rows; n++)
        {
            BlockCodec.Decode(w.Type, w.RowsBytes(n, 1), row);
            for (var t = 0; t < tokens; t++)
            {
                var sum = 0f;
                for (var k = 0; k < w.Columns; k++) sum += x[t * w.Columns + k] * row[k];
                y[t * w.Rows + n] = accumulate ? y[t * w.Rows + n] + sum : sum;
            }
        }
    }

    /// <summary>As <see cref="Forward"/>, but activations are rounded to 8 bits a block of 32 where the weights are quantized: faster, for inference.</summary>
    public static void ForwardInt8(WorkerPool pool, ReadOnlySpan<float> x, in WeightMatrix w, Span<float> y, int tokens, bool accumulate = false) =>
        Forward(pool, x, w, y, tokens, accumulate);

    /// <summary>dx (T, K) = dy (T, N) W, or += with <paramref name="accumulate"/>; W is (N, K). The input gradient of <see cref="Forward"/>.</summary>
    public static void BackwardInput(WorkerPool pool, ReadOnlySpan<float> dy, in WeightMatrix w, Span<float> dx, int tokens, bool accumulate = false)
    {
        var row = new float[w.Columns];
        if (!accumulate) dx[..(tokens * w.Columns)].Clear();
        for (var n = 0; n < w.Rows; n++)
        {
            BlockCodec.Decode(w.Type, w.RowsBytes(n, 1), row);
            for (var t = 0; t < tokens; t++)
            {
                var g = dy[t * w.Rows + n];
                for (var k = 0; k < w.Columns; k++) dx[t * w.Columns + k] += g * row[k];
            }
        }
    }

    /// <summary>y (N) = W x for one token, the decode path: reads the quantized blocks once. <paramref name="accumulate"/> adds.</summary>
    public static void Vector(WorkerPool pool, ReadOnlySpan<float> x, in WeightMatrix w, Span<float> y, bool accumulate = false) =>
        Forward(pool, x, w, y, 1, accumulate);
}
