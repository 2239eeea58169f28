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
    private static void Check(WorkerPool pool, in WeightMatrix w, int tokens, int input, int inputWidth, int output, int outputWidth)
    {
        ArgumentNullException.ThrowIfNull(pool);
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
    private readonly struct Job(float* input, in WeightMatrix w, float* output, int tokens, bool accumulate)
    {
        public readonly float* Input = input;
        public readonly WeightMatrix W = w;
        public readonly float* Output = output;
        public readonly int Tokens = tokens;
        public readonly bool Accumulate = accumulate;
    }
}
