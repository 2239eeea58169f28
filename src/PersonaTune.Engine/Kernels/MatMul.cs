using PersonaTune.Engine.Tensors;

namespace PersonaTune.Engine.Kernels;

/// <summary>
/// Products of f32 activations with frozen, possibly quantized weights.
/// <code>
/// w:  (N, K) row-major, any type with a decoder; K is a multiple of the type's block
/// x:  (T, K) contiguous f32, T tokens          dy: (T, N)
/// y:  (T, N) contiguous f32                    dx: (T, K)
/// </code>
/// </summary>
/// <remarks>
/// Thread-safe. Spans must not overlap. Every element of a result is computed in one fixed order that depends on shape and type
/// alone, so the number of threads never changes a bit. Nothing is allocated once each thread has its scratch memory.
/// </remarks>
public static unsafe partial class MatMul
{
    // So few tokens do not pay for transposing a panel.
    private const int FewTokenLimit = 3;

    /// <summary>y (T, N) = x (T, K) Wᵀ, or += with <paramref name="accumulate"/>; W is (N, K). Activations stay f32.</summary>
    /// <exception cref="ArgumentException">A span is too short for T and the shape of W.</exception>
    public static void Forward(WorkerPool pool, ReadOnlySpan<float> x, in WeightMatrix w, Span<float> y, int tokens, bool accumulate = false)
    {
        ArgumentNullException.ThrowIfNull(pool);
        ForwardOn(pool, x, w, y, tokens, accumulate);
    }

    /// <summary>dx (T, K) = dy (T, N) W, or += with <paramref name="accumulate"/>; W is (N, K). The input gradient of <see cref="Forward"/>.</summary>
    /// <exception cref="ArgumentException">A span is too short for T and the shape of W.</exception>
    public static void BackwardInput(WorkerPool pool, ReadOnlySpan<float> dy, in WeightMatrix w, Span<float> dx, int tokens, bool accumulate = false)
    {
        ArgumentNullException.ThrowIfNull(pool);
        BackwardInputOn(pool, dy, w, dx, tokens, accumulate);
    }

    /// <summary>As <see cref="Forward"/>; without a pool on the calling thread.</summary>
    internal static void ForwardOn(WorkerPool? pool, ReadOnlySpan<float> x, in WeightMatrix w, Span<float> y, int tokens, bool accumulate)
    {
        Check(w, tokens, x.Length, w.Columns, y.Length, w.Rows);
        if (tokens == 0 || w.Rows == 0) return;
        fixed (float* px = x, py = y)
        {
            var job = new Job(px, w, py, tokens, accumulate);
            if (tokens > FewTokenLimit) Multiply(pool, job, w.Rows);
            else if (pool is null) ForwardFew(job, 0, 1);
            else pool.Run(job, Math.Clamp(w.Rows / 8, 1, pool.Threads * 4), static (j, part, parts) => ForwardFew(j, part, parts));
        }
    }

    /// <summary>As <see cref="BackwardInput"/>; without a pool on the calling thread.</summary>
    internal static void BackwardInputOn(WorkerPool? pool, ReadOnlySpan<float> dy, in WeightMatrix w, Span<float> dx, int tokens, bool accumulate)
    {
        Check(w, tokens, dy.Length, w.Rows, dx.Length, w.Columns);
        if (tokens == 0 || w.Columns == 0) return;
        if (w.Rows == 0)
        {
            if (!accumulate) dx[..(tokens * w.Columns)].Clear();
            return;
        }

        fixed (float* pdy = dy, pdx = dx)
            Multiply(pool, new Job(pdy, w, pdx, tokens, accumulate, backward: true), w.Columns);
    }

    private static void ForwardFew(in Job job, int part, int parts)
    {
        var w = job.W;
        var (first, rows) = Gemm.Share(w.Rows, 1, part, parts);
        var buffer = w.Type == TensorType.F32 ? null : KernelScratch.Floats(w.Columns);
        for (var n = first; n < first + rows; n++)
        {
            var row = WeightRows.Read(w, n, 0, w.Columns, buffer);
            for (var t = 0; t < job.Tokens; t++)
            {
                var value = FloatDot.Run(row, job.Input + (long)t * w.Columns, w.Columns);
                var y = job.Output + (long)t * w.Rows + n;
                *y = job.Accumulate ? *y + value : value;
            }
        }
    }

    private static void Check(in WeightMatrix w, int tokens, int input, int inputWidth, int output, int outputWidth)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(tokens);
        if (w.IsEmpty) throw new ArgumentException("the weight matrix is empty", nameof(w));
        if (input < (long)tokens * inputWidth)
            throw new ArgumentException($"{tokens} tokens of {inputWidth} need {(long)tokens * inputWidth} input values for a {w.Type} matrix ({w.Rows}, {w.Columns}), found {input}", nameof(input));
        if (output < (long)tokens * outputWidth)
            throw new ArgumentException($"{tokens} tokens of {outputWidth} need {(long)tokens * outputWidth} output values for a {w.Type} matrix ({w.Rows}, {w.Columns}), found {output}", nameof(output));
    }

    /// <summary>Splits a length into equal blocks of at most <paramref name="limit"/>, whole <paramref name="unit"/>s each.</summary>
    private static int BlockLength(int length, int limit, int unit)
    {
        var blocks = (length + limit - 1) / limit;
        var block = (length + blocks - 1) / blocks;
        return (block + unit - 1) / unit * unit;
    }

    /// <summary>What a parallel section of a product works on.</summary>
    private readonly struct Job(float* input, in WeightMatrix w, float* output, int tokens, bool accumulate, bool backward = false)
    {
        public readonly float* Input = input;
        public readonly WeightMatrix W = w;
        public readonly float* Output = output;
        public readonly int Tokens = tokens;
        public readonly bool Accumulate = accumulate;
        public readonly bool Backward = backward;
    }
}
