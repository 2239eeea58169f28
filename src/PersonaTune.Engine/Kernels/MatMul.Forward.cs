using PersonaTune.Engine.Tensors;

namespace PersonaTune.Engine.Kernels;

/// <content>
/// The f32 product: panels of W are decoded and transposed into the first cache level once a block of tokens, then multiplied by
/// the register tile of <see cref="GemmTile"/>.
/// </content>
public static unsafe partial class MatMul
{
    // 256 rows of the panel (16 KiB of 16 columns) stay in the first cache level, 256 tokens by 256 inputs (256 KiB) in the second.
    private const int DepthLimit = 320;
    private const int TokenLimit = 288;

    // So few tokens do not pay for transposing a panel.
    private const int FewTokenLimit = 3;

    /// <summary>y (T, N) = x (T, K) Wᵀ, or += with <paramref name="accumulate"/>; W is (N, K). Activations stay f32.</summary>
    /// <exception cref="ArgumentException">A span is too short for T and the shape of W.</exception>
    public static void Forward(WorkerPool pool, ReadOnlySpan<float> x, in WeightMatrix w, Span<float> y, int tokens, bool accumulate = false)
    {
        Check(pool, w, tokens, x.Length, w.Columns, y.Length, w.Rows);
        if (tokens == 0 || w.Rows == 0) return;
        fixed (float* px = x, py = y)
        {
            var job = new Job(px, w, py, tokens, accumulate);
            if (tokens <= FewTokenLimit)
            {
                pool.Run(job, Math.Clamp(w.Rows / 8, 1, pool.Threads * 4), static (j, part, parts) => ForwardFew(j, part, parts));
                return;
            }

            var panels = (w.Rows + GemmTile.Columns - 1) / GemmTile.Columns;
            pool.Run(job, Math.Min(panels, pool.Threads * 4), static (j, part, parts) => ForwardPart(j, part, parts));
        }
    }

    private static void ForwardPart(in Job job, int part, int parts)
    {
        var w = job.W;
        var width = GemmTile.Columns;
        var (first, rows) = Gemm.Share(w.Rows, width, part, parts);
        var depth = BlockLength(w.Columns, DepthLimit, Math.Max(8, w.Type.BlockSize()));
        var tokenBlock = BlockLength(job.Tokens, TokenLimit, GemmTile.Rows);
        var panel = KernelScratch.Floats(depth * width * 2 + tokenBlock * depth);
        var decoded = panel + depth * width;
        var compact = decoded + depth * width;
        for (var t = 0; t < job.Tokens; t += tokenBlock)
        {
            var tokens = Math.Min(tokenBlock, job.Tokens - t);
            for (var k = 0; k < w.Columns; k += depth)
            {
                var columns = Math.Min(depth, w.Columns - k);
                var input = Compact(job.Input + (long)t * w.Columns + k, w.Columns, tokens, columns, rows, compact, out var stride);
                for (var n = first; n < first + rows; n += width)
                {
                    var used = Math.Min(width, first + rows - n);
                    PackForward(w, n, used, k, columns, decoded, panel, width);
                    GemmTile.Panel(
                        input, stride, 1, panel, columns,
                        job.Output + (long)t * w.Rows + n, w.Rows, tokens, used, 1, job.Accumulate || k > 0);
                }
            }
        }
    }

    /// <summary>
    /// The block's rows next to each other: rows that lie a multiple of the page size apart would share a few cache sets. Worth it where the
    /// block is read for several panels.
    /// </summary>
    private static float* Compact(float* input, int stride, int rows, int columns, int outputs, float* scratch, out nint compactStride)
    {
        compactStride = stride;
        if (outputs < 2 * GemmTile.Columns || rows <= GemmTile.Rows || stride == columns) return input;
        compactStride = columns;
        for (var i = 0; i < rows; i++)
            new ReadOnlySpan<float>(input + (long)i * stride, columns).CopyTo(new Span<float>(scratch + (long)i * columns, columns));
        return scratch;
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

    private static void PackForward(in WeightMatrix w, int row, int rows, int first, int columns, float* decoded, float* panel, int width)
    {
        if (w.Type == TensorType.F32)
        {
            GemmPack.Transposed((float*)(w.Data + (long)row * w.RowBytes) + first, w.Columns, rows, columns, panel, width);
            return;
        }

        for (var i = 0; i < rows; i++) WeightRows.Read(w, row + i, first, columns, decoded + i * columns);
        GemmPack.Transposed(decoded, columns, rows, columns, panel, width);
    }
}
