using PersonaTune.Engine.Tensors;

namespace PersonaTune.Engine.Kernels;

/// <content>The input gradient: as <see cref="Forward"/>, but the panels run along W's columns and need no transposition.</content>
public static unsafe partial class MatMul
{
    // Rows of W a block: the decoded panels (at most 256 x 256, 256 KiB) stay in the second cache level.
    private const int RowLimit = 256;
    private const int ColumnLimit = 256;

    /// <summary>dx (T, K) = dy (T, N) W, or += with <paramref name="accumulate"/>; W is (N, K). The input gradient of <see cref="Forward"/>.</summary>
    /// <exception cref="ArgumentException">A span is too short for T and the shape of W.</exception>
    public static void BackwardInput(WorkerPool pool, ReadOnlySpan<float> dy, in WeightMatrix w, Span<float> dx, int tokens, bool accumulate = false)
    {
        Check(pool, w, tokens, dy.Length, w.Rows, dx.Length, w.Columns);
        if (tokens == 0 || w.Columns == 0) return;
        if (w.Rows == 0)
        {
            if (!accumulate) dx[..(tokens * w.Columns)].Clear();
            return;
        }

        fixed (float* pdy = dy, pdx = dx)
        {
            var job = new Job(pdy, w, pdx, tokens, accumulate);
            var panels = (w.Columns + GemmTile.Columns - 1) / GemmTile.Columns;
            pool.Run(job, Math.Min(panels, pool.Threads * 4), static (j, part, parts) => BackwardPart(j, part, parts));
        }
    }

    private static void BackwardPart(in Job job, int part, int parts)
    {
        var w = job.W;
        var width = GemmTile.Columns;
        var block = w.Type.BlockSize();
        var (from, count) = Gemm.Share(w.Columns, width, part, parts);
        var depth = BlockLength(w.Rows, RowLimit, 8);
        var tokenBlock = BlockLength(job.Tokens, TokenLimit, GemmTile.Rows);
        var panels = KernelScratch.Floats(depth * ColumnLimit + ColumnLimit + 2 * 256 + tokenBlock * depth);
        var decoded = panels + depth * ColumnLimit;
        var compact = decoded + ColumnLimit + 2 * 256;
        for (var t = 0; t < job.Tokens; t += tokenBlock)
        {
            var tokens = Math.Min(tokenBlock, job.Tokens - t);
            for (var c = from; c < from + count; c += ColumnLimit)
            {
                var columns = Math.Min(ColumnLimit, from + count - c);
                for (var n = 0; n < w.Rows; n += depth)
                {
                    var rows = Math.Min(depth, w.Rows - n);
                    PackBackward(w, n, rows, c, columns, block, decoded, panels, width);
                    var input = Compact(job.Input + (long)t * w.Rows + n, w.Rows, tokens, rows, columns, compact, out var stride);
                    for (var j = 0; j < columns; j += width)
                    {
                        GemmTile.Panel(
                            input, stride, 1, panels + j * rows, rows,
                            job.Output + (long)t * w.Columns + c + j, w.Columns, tokens, Math.Min(width, columns - j), 1, job.Accumulate || n > 0);
                    }
                }
            }
        }
    }

    // Rows are decoded in whole blocks; what the panels do not use of the first and last block is dropped.
    private static void PackBackward(in WeightMatrix w, int row, int rows, int first, int columns, int block, float* decoded, float* panels, int width)
    {
        var start = first / block * block;
        var end = (first + columns + block - 1) / block * block;
        for (var i = 0; i < rows; i++)
        {
            var values = WeightRows.Read(w, row + i, start, end - start, decoded) + (first - start);
            for (var j = 0; j < columns; j += width)
                GemmPack.Straight(values + j, width, Math.Min(width, columns - j), 1, panels + j * rows + i * width, width);
        }
    }
}
