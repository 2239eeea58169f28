namespace PersonaTune.Engine.Kernels;

/// <summary>
/// Self-attention of one head over T tokens that all see each other: P = softmax(scale Q K^T), O = P V. Rows of q, k, v and o lie
/// <c>stride</c> floats apart. Backward computes P again: dV = P^T dO, dP = dO V^T, dS = scale P (dP - rowsum(P dP)), dQ = dS K, dK = dS^T Q.
/// One thread; scratch of <see cref="Scratch"/> floats.
/// </summary>
internal static unsafe class FullAttention
{
    public static long Scratch(int tokens, int headLength) => 2L * tokens * tokens + 2L * headLength * tokens;

    public static void Forward(float* q, float* k, float* v, float* o, int stride, int tokens, int headLength, float scale, float* scratch)
    {
        Weights(q, k, stride, tokens, headLength, scale, scratch, scratch + (long)tokens * tokens);
        StridedGemm.Multiply(scratch, tokens, 1, v, stride, o, stride, tokens, headLength, tokens, 1f, false);
    }

    /// <summary>Adds nothing: writes dq, dk, dv for the output's gradient.</summary>
    public static void Backward(float* q, float* k, float* v, float* dOutput, float* dq, float* dk, float* dv, int stride, int tokens, int headLength, float scale, float* scratch)
    {
        var p = scratch;
        var ds = p + (long)tokens * tokens;
        var transposed = ds + (long)tokens * tokens;
        Weights(q, k, stride, tokens, headLength, scale, p, transposed);
        StridedGemm.Multiply(p, 1, tokens, dOutput, stride, dv, stride, tokens, headLength, tokens, 1f, false);
        Transpose(v, stride, tokens, headLength, transposed);
        StridedGemm.Multiply(dOutput, stride, 1, transposed, tokens, ds, tokens, tokens, tokens, headLength, 1f, false);
        for (var i = 0; i < tokens; i++)
        {
            var row = new Span<float>(ds + (long)i * tokens, tokens);
            var weights = new ReadOnlySpan<float>(p + (long)i * tokens, tokens);
            var sum = Elementwise.Dot(row, weights);
            for (var j = 0; j < tokens; j++) row[j] = scale * weights[j] * (row[j] - sum);
        }

        StridedGemm.Multiply(ds, tokens, 1, k, stride, dq, stride, tokens, headLength, tokens, 1f, false);
        StridedGemm.Multiply(ds, 1, tokens, q, stride, dk, stride, tokens, headLength, tokens, 1f, false);
    }

    private static void Weights(float* q, float* k, int stride, int tokens, int headLength, float scale, float* p, float* transposed)
    {
        Transpose(k, stride, tokens, headLength, transposed);
        StridedGemm.Multiply(q, stride, 1, transposed, tokens, p, tokens, tokens, tokens, headLength, 1f, false);
        for (var i = 0; i < tokens; i++) Softmax.Forward(new Span<float>(p + (long)i * tokens, tokens), scale);
    }

    private static void Transpose(float* x, int stride, int tokens, int length, float* y)
    {
        for (var t = 0; t < tokens; t++)
            for (var d = 0; d < length; d++) y[(long)d * tokens + t] = x[(long)t * stride + d];
    }
}
