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
    // A multiple of the row counts of every register tile (4, 6, 12).
    private const int RowBlock = 48;

    // Keys a block where they are summed over: a panel of so many rows stays in the first cache level.
    private const int DepthBlock = 256;

    /// <summary>Floats of scratch that <see cref="Forward"/> needs.</summary>
    public static long ForwardScratch(int tokens, int headLength) =>
        (long)(headLength + Padded(headLength)) * Padded(tokens) + (long)RowBlock * Stride(tokens);

    /// <summary>Floats of scratch that <see cref="Backward"/> needs.</summary>
    public static long BackwardScratch(int tokens, int headLength) =>
        (4L * headLength + Padded(headLength)) * Padded(tokens) + 2L * RowBlock * (Padded(headLength) + Stride(tokens));

    /// <summary>Writes o (T, headLength) and logSumExp (T).</summary>
    public static void Forward(float* q, int queryStride, float* k, float* v, int keyStride, float* o, float* logSumExp,
        int tokens, int headLength, float scale, float* scratch)
    {
        var (padded, stride) = (Padded(tokens), Stride(tokens));
        var keys = scratch;
        var values = keys + (long)headLength * padded;
        var scores = values + (long)Padded(headLength) * padded;
        var sums = stackalloc float[RowBlock];
        PackTransposed(k, keyStride, tokens, headLength, keys);
        PackStraight(v, keyStride, tokens, headLength, values);
        for (var first = 0; first < tokens; first += RowBlock)
        {
            var rows = Math.Min(RowBlock, tokens - first);
            var visible = first + rows;
            Scores(q + (long)first * queryStride, queryStride, keys, headLength, scores, stride, rows, visible);
            for (var r = 0; r < rows; r++)
            {
                var row = new Span<float>(scores + (long)r * stride, visible);
                var seen = row[..(first + r + 1)];
                row[seen.Length..].Clear();
                var max = Elementwise.Max(seen) * scale;
                sums[r] = Softmax.ExpSum(seen, scale, max);
                logSumExp[first + r] = max + MathF.Log(sums[r]);
            }

            Weighted(scores, stride, values, tokens, o + (long)first * queryStride, queryStride, rows, headLength, visible);
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
        var (padded, stride) = (Padded(tokens), Stride(tokens));
        var keys = scratch;
        var values = keys + (long)headLength * padded;
        var straightKeys = values + (long)headLength * padded;
        var packedQ = straightKeys + (long)Padded(headLength) * padded;
        var packedO = packedQ + (long)RowBlock * Padded(headLength);
        var scores = packedO + (long)RowBlock * Padded(headLength);
        var slopes = scores + (long)RowBlock * stride;
        var dK = slopes + (long)RowBlock * stride;
        var dV = dK + (long)padded * headLength;
        PackTransposed(k, keyStride, tokens, headLength, keys);
        PackTransposed(v, keyStride, tokens, headLength, values);
        PackStraight(k, keyStride, tokens, headLength, straightKeys);
        new Span<float>(dK, 2 * padded * headLength).Clear();
        for (var g = 0; g < group; g++, q += headLength, o += headLength, dO += headLength, logSumExp += logStride)
            for (var first = 0; first < tokens; first += RowBlock)
            {
                var rows = Math.Min(RowBlock, tokens - first);
                var visible = first + rows;
                float* queries = q + (long)first * queryStride, gradients = dO + (long)first * queryStride;
                Scores(queries, queryStride, keys, headLength, scores, stride, rows, visible);
                Scores(gradients, queryStride, values, headLength, slopes, stride, rows, visible);
                for (var r = 0; r < rows; r++)
                {
                    var at = (long)(first + r) * queryStride;
                    var d = Elementwise.Dot(new ReadOnlySpan<float>(o + at, headLength), new ReadOnlySpan<float>(dO + at, headLength));
                    var seen = first + r + 1;
                    var row = new Span<float>(scores + (long)r * stride, visible);
                    var slope = new Span<float>(slopes + (long)r * stride, visible);
                    Slope(row[..seen], slope[..seen], scale, logSumExp[first + r], d);
                    row[seen..].Clear();
                    slope[seen..].Clear();
                }

                PackStraight(queries, queryStride, rows, headLength, packedQ);
                PackStraight(gradients, queryStride, rows, headLength, packedO);
                AddTransposed(scores, stride, packedO, dV, rows, headLength, visible);
                AddTransposed(slopes, stride, packedQ, dK, rows, headLength, visible);
                Weighted(slopes, stride, straightKeys, tokens, queries, queryStride, rows, headLength, visible);
            }

        for (var t = 0; t < tokens; t++)
        {
            new ReadOnlySpan<float>(dK + (long)t * headLength, headLength).CopyTo(new Span<float>(k + (long)t * keyStride, headLength));
            new ReadOnlySpan<float>(dV + (long)t * headLength, headLength).CopyTo(new Span<float>(v + (long)t * keyStride, headLength));
        }
    }

    // scores (rows, visible) = x (rows, headLength) keys^T; whole panels, so the row's end beyond the visible keys holds what nobody reads.
    private static void Scores(float* x, int xStride, float* keys, int headLength, float* scores, int stride, int rows, int visible)
    {
        var width = GemmTile.Columns;
        for (var j = 0; j < visible; j += width)
            GemmTile.Panel(x, xStride, 1, keys + (long)j * headLength, headLength, scores + j, stride, rows, width, 1f, false);
    }

    // y (rows, headLength) = p (rows, visible) values
    private static void Weighted(float* p, int stride, float* values, int tokens, float* y, int yStride, int rows, int headLength, int visible)
    {
        var width = GemmTile.Columns;
        for (var j = 0; j < headLength; j += width)
            for (var s = 0; s < visible; s += DepthBlock)
                GemmTile.Panel(p + s, stride, 1, values + (long)j * tokens + (long)s * width, Math.Min(DepthBlock, visible - s),
                    y + j, yStride, rows, Math.Min(width, headLength - j), 1f, s > 0);
    }

    // y (visible, headLength) += p^T (visible, rows) x
    private static void AddTransposed(float* p, int stride, float* x, float* y, int rows, int headLength, int visible)
    {
        var width = GemmTile.Columns;
        for (var j = 0; j < headLength; j += width)
            GemmTile.Panel(p, 1, stride, x + (long)j * rows, rows, y + j, headLength, visible, Math.Min(width, headLength - j), 1f, true);
    }

    // Panels of (headLength, width): the transpose of (tokens, headLength).
    private static void PackTransposed(float* source, int stride, int tokens, int headLength, float* panels)
    {
        var width = GemmTile.Columns;
        for (var j = 0; j < tokens; j += width)
            GemmPack.Transposed(source + (long)j * stride, stride, Math.Min(width, tokens - j), headLength, panels + (long)j * headLength, width);
    }

    // Panels of (rows, width) of (rows, headLength).
    private static void PackStraight(float* source, int stride, int rows, int headLength, float* panels)
    {
        var width = GemmTile.Columns;
        for (var j = 0; j < headLength; j += width)
            GemmPack.Straight(source + j, stride, Math.Min(width, headLength - j), rows, panels + (long)j * rows, width);
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

    private static int Padded(int count) => (count + GemmTile.Columns - 1) / GemmTile.Columns * GemmTile.Columns;

    // An odd number of cache lines: the same column of neighbouring rows must not share a cache set.
    private static int Stride(int tokens) => Padded(tokens) / 16 % 2 == 0 ? Padded(tokens) + 16 : Padded(tokens);
}
