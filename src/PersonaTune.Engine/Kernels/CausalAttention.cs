using System.Numerics;
using System.Runtime.InteropServices;

namespace PersonaTune.Engine.Kernels;

/// <summary>
/// Causal self-attention of one head over one sequence of T tokens, for training. Rows of q, k, v and o lie a stride apart, as heads do
/// in a (T, heads x headLength) matrix. P = softmax(scale Q K^T) row by row, O = P V. Queries go in blocks of 48 rows against the keys up to
/// the block's end, so neither a T x T matrix nor the upper triangle is ever computed; backward recomputes P from the saved log-sum-exp
/// (Dao et al. 2022): with D = rowsum(dO O), dS = scale P (dO V^T - D), dQ = dS K, dK = dS^T Q, dV = P^T dO.
/// </summary>
internal static unsafe class CausalAttention
{
    // A multiple of the row counts of every register tile (4, 6, 8).
    private const int RowBlock = 48;

    /// <summary>Floats of scratch that <see cref="Forward"/> needs.</summary>
    public static long ForwardScratch(int tokens, int headLength) => (long)(headLength + RowBlock) * Padded(tokens);

    /// <summary>Floats of scratch that <see cref="Backward"/> needs.</summary>
    public static long BackwardScratch(int tokens, int headLength) =>
        2L * (headLength + RowBlock) * Padded(tokens) + 2L * Padded(tokens) * headLength;

    /// <summary>Writes o (T, headLength) and logSumExp (T).</summary>
    public static void Forward(float* q, int queryStride, float* k, float* v, int keyStride, float* o, float* logSumExp,
        int tokens, int headLength, float scale, float* scratch)
    {
        var padded = Padded(tokens);
        var keys = scratch;
        var scores = keys + (long)headLength * padded;
        var sums = stackalloc float[RowBlock];
        Transpose(k, keyStride, keys, padded, tokens, headLength);
        for (var first = 0; first < tokens; first += RowBlock)
        {
            var rows = Math.Min(RowBlock, tokens - first);
            var visible = first + rows;
            StridedGemm.Multiply(q + (long)first * queryStride, queryStride, 1, keys, padded, scores, padded, rows, Padded(visible), headLength, 1f, false);
            for (var r = 0; r < rows; r++)
            {
                var row = new Span<float>(scores + (long)r * padded, visible);
                var seen = row[..(first + r + 1)];
                row[seen.Length..].Clear();
                var max = Elementwise.Max(seen) * scale;
                sums[r] = Softmax.ExpSum(seen, scale, max);
                logSumExp[first + r] = max + MathF.Log(sums[r]);
            }

            StridedGemm.Multiply(scores, padded, 1, v, keyStride, o + (long)first * queryStride, queryStride, rows, headLength, visible, 1f, false);
            for (var r = 0; r < rows; r++) Elementwise.Scale(new Span<float>(o + (long)(first + r) * queryStride, headLength), 1f / sums[r]);
        }
    }

    /// <summary>
    /// The gradient for the <paramref name="group"/> query heads, headLength apart, that share one key/value head. Replaces q, k and v by
    /// their gradients; <paramref name="o"/> is the forward result, <paramref name="dO"/> its gradient; head g's log-sum-exp lies at g x logStride.
    /// </summary>
    public static void Backward(float* q, int queryStride, float* k, float* v, int keyStride, float* o, float* dO, float* logSumExp, long logStride,
        int group, int tokens, int headLength, float scale, float* scratch)
    {
        var padded = Padded(tokens);
        var keys = scratch;
        var values = keys + (long)headLength * padded;
        var scores = values + (long)headLength * padded;
        var slopes = scores + (long)RowBlock * padded;
        var dK = slopes + (long)RowBlock * padded;
        var dV = dK + (long)padded * headLength;
        Transpose(k, keyStride, keys, padded, tokens, headLength);
        Transpose(v, keyStride, values, padded, tokens, headLength);
        new Span<float>(dK, 2 * padded * headLength).Clear();
        for (var g = 0; g < group; g++, q += headLength, o += headLength, dO += headLength, logSumExp += logStride)
            for (var first = 0; first < tokens; first += RowBlock)
            {
                var rows = Math.Min(RowBlock, tokens - first);
                var visible = first + rows;
                float* queries = q + (long)first * queryStride, gradients = dO + (long)first * queryStride;
                StridedGemm.Multiply(queries, queryStride, 1, keys, padded, scores, padded, rows, Padded(visible), headLength, 1f, false);
                StridedGemm.Multiply(gradients, queryStride, 1, values, padded, slopes, padded, rows, Padded(visible), headLength, 1f, false);
                for (var r = 0; r < rows; r++)
                {
                    var at = (long)(first + r) * queryStride;
                    var d = Elementwise.Dot(new ReadOnlySpan<float>(o + at, headLength), new ReadOnlySpan<float>(dO + at, headLength));
                    var seen = first + r + 1;
                    var row = new Span<float>(scores + (long)r * padded, visible);
                    var slope = new Span<float>(slopes + (long)r * padded, visible);
                    Slope(row[..seen], slope[..seen], scale, logSumExp[first + r], d);
                    row[seen..].Clear();
                    slope[seen..].Clear();
                }

                StridedGemm.Multiply(scores, 1, padded, gradients, queryStride, dV, headLength, visible, headLength, rows, 1f, true);
                StridedGemm.Multiply(slopes, 1, padded, queries, queryStride, dK, headLength, visible, headLength, rows, 1f, true);
                StridedGemm.Multiply(slopes, padded, 1, k, keyStride, queries, queryStride, rows, headLength, visible, 1f, false);
            }

        for (var t = 0; t < tokens; t++)
        {
            new ReadOnlySpan<float>(dK + (long)t * headLength, headLength).CopyTo(new Span<float>(k + (long)t * keyStride, headLength));
            new ReadOnlySpan<float>(dV + (long)t * headLength, headLength).CopyTo(new Span<float>(v + (long)t * keyStride, headLength));
        }
    }

    // scores become probabilities, slopes (dO V^T) become dS.
    private static void Slope(Span<float> scores, Span<float> slopes, float scale, float logSumExp, float d)
    {
        ref var ps = ref MemoryMarshal.GetReference(scores);
        ref var ds = ref MemoryMarshal.GetReference(slopes);
        Vector<float> s = new(scale), l = new(logSumExp), shift = new(d);
        var i = 0;
        for (; i <= scores.Length - Vector<float>.Count; i += Vector<float>.Count)
        {
            var p = VectorMath.Exp(Vector.LoadUnsafe(ref ps, (nuint)i) * s - l);
            p.StoreUnsafe(ref ps, (nuint)i);
            (p * s * (Vector.LoadUnsafe(ref ds, (nuint)i) - shift)).StoreUnsafe(ref ds, (nuint)i);
        }

        for (; i < scores.Length; i++)
        {
            scores[i] = MathF.Exp(scores[i] * scale - logSumExp);
            slopes[i] = scores[i] * scale * (slopes[i] - d);
        }
    }

    // (tokens, headLength) to (headLength, padded), the padding zero.
    private static void Transpose(float* source, int stride, float* target, int padded, int tokens, int headLength)
    {
        for (var t = 0; t < tokens; t++)
            for (var i = 0; i < headLength; i++)
                target[(long)i * padded + t] = source[(long)t * stride + i];
        for (var i = 0; i < headLength; i++) new Span<float>(target + (long)i * padded + tokens, padded - tokens).Clear();
    }

    private static int Padded(int count) => (count + Vector<float>.Count - 1) / Vector<float>.Count * Vector<float>.Count;
}
