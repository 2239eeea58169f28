using System.Runtime.Intrinsics.X86;
using PersonaTune.Engine.Tensors;

namespace PersonaTune.Engine.Kernels;

/// <content>Products with activations rounded to 8 bits.</content>
public static unsafe partial class MatMul
{
    /// <summary>As <see cref="Forward"/>, but activations are rounded to 8 bits a block of 32 where the weights are quantized: faster, for inference.</summary>
    /// <exception cref="ArgumentException">A span is too short for T and the shape of W.</exception>
    public static void ForwardInt8(WorkerPool pool, ReadOnlySpan<float> x, in WeightMatrix w, Span<float> y, int tokens, bool accumulate = false)
    {
        ArgumentNullException.ThrowIfNull(pool);
        Check(w, tokens, x.Length, w.Columns, y.Length, w.Rows);
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
        ArgumentNullException.ThrowIfNull(pool);
        Check(w, rounded.Tokens, x.Length, w.Columns, y.Length, w.Rows);
        if (rounded.Columns != w.Columns)
            throw new ArgumentException($"the rounded activations have {rounded.Columns} columns but the matrix has {w.Columns}; quantize the input of this matrix", nameof(rounded));
        if (!UsesInt8(w.Type))
        {
            Forward(pool, x, w, y, rounded.Tokens, accumulate);
            return;
        }

        if (w.Rows == 0 || rounded.Tokens == 0) return;
        fixed (float* py = y)
        {
            var job = new RoundedJob(rounded, w, py, accumulate);
            var parts = Math.Clamp(w.Rows / 16, 1, pool.Threads * 4);
            if (rounded.Tokens >= (IntegerUnpack.NeedsWords(w.Type) ? WordTileTokens : ByteTileTokens) && Avx2.IsSupported && Fma.IsSupported)
                pool.Run(job, parts, static (j, part, parts) => ManyTokens(j, part, parts));
            else
                pool.Run(job, parts, static (j, part, parts) => FewTokens(j, part, parts));
        }
    }

    // Four rows at a time for every token: the second token finds them in the first cache level.
    private static void FewTokens(in RoundedJob job, int part, int parts)
    {
        var (first, count) = Gemm.Share(job.W.Rows, 4, part, parts);
        var group = job.X.Tokens == 1 ? count : 4;
        for (var n = first; n < first + count; n += group)
            for (var t = 0; t < job.X.Tokens; t++)
                IntegerRows.Run(job.W, n, Math.Min(group, first + count - n), job.X, t, job.Output + (long)t * job.W.Rows + n, job.Accumulate);
    }

    private readonly struct RoundedJob(QuantizedActivations x, in WeightMatrix w, float* output, bool accumulate)
    {
        public readonly QuantizedActivations X = x;
        public readonly WeightMatrix W = w;
        public readonly float* Output = output;
        public readonly bool Accumulate = accumulate;
    }

    /// <summary>Whether products with weights of this type round the activations to 8 bits.</summary>
    public static bool UsesInt8(TensorType type) => type is TensorType.Q8_0 or TensorType.Q4_0 or TensorType.Q4_1
        or TensorType.Q5_0 or TensorType.Q5_1 or TensorType.Q4_K or TensorType.Q5_K or TensorType.Q6_K;
}
