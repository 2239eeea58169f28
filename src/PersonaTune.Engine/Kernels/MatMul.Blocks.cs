using PersonaTune.Engine.Tensors;

namespace PersonaTune.Engine.Kernels;

/// <content>
/// The f32 product in blocks. A panel (16 outputs, or 32 with AVX-512, by one block of the depth) is decoded when the first tokens need it and
/// stays in the first cache level while a block of tokens, which stays in the second, is multiplied with it by <see cref="GemmTile"/>. With
/// more tokens than one block the panels are kept for the others, so every weight is decoded once a product.
/// </content>
public static unsafe partial class MatMul
{
    // Measured on Zen 3 (32 KiB and 512 KiB of cache a core), where 256 to 384 deep were equal within the noise. A panel of 32 columns fills the
    // 48 KiB of the processors that use it.
    private static readonly int DepthLimit = GemmTile.Columns == 32 ? 352 : 384;

    private const int TokenLimit = 192;
    private const int OutputLimit = 512;
    private const int PanelsAPart = 12;

    // Rows that lie a multiple of 2 KiB apart share a few cache sets.
    private const int AliasedStride = 512;

    private static void Multiply(WorkerPool? pool, in Job job, int outputs)
    {
        if (pool is null)
        {
            MultiplyPart(job, 0, 1);
            return;
        }

        // Every part copies its tokens once, which wants wide parts; more parts than threads even out what else the machine does.
        var panels = (outputs + GemmTile.Columns - 1) / GemmTile.Columns;
        var parts = Math.Min(panels, Math.Clamp(panels / PanelsAPart, pool.Threads, pool.Threads * 4));
        pool.Run(job, parts, static (j, part, count) => MultiplyPart(j, part, count));
    }

    private static void MultiplyPart(in Job job, int part, int parts)
    {
        var w = job.W;
        var width = GemmTile.Columns;
        var (inner, outer) = job.Backward ? (w.Rows, w.Columns) : (w.Columns, w.Rows);
        var (from, count) = Gemm.Share(outer, width, part, parts);
        if (count == 0) return;
        var depth = BlockLength(inner, DepthLimit, job.Backward ? 8 : Math.Max(8, w.Type.BlockSize()));
        var tokenBlock = BlockLength(job.Tokens, TokenLimit, GemmTile.Rows);
        var group = job.Backward ? WeightPanels.StraightColumns(w.Type, width) : width;
        var keep = job.Tokens > tokenBlock;
        var outputBlock = BlockLength(count, keep ? OutputLimit : int.MaxValue / 2, width);
        var kept = keep ? (outputBlock + group - 1) / group * group : group;
        var panels = KernelScratch.Floats(kept * depth + tokenBlock * depth + WeightPanels.Scratch(depth, width));
        var compact = panels + kept * depth;
        var scratch = compact + tokenBlock * depth;
        for (var o = from; o < from + count; o += outputBlock)
        {
            var end = Math.Min(from + count, o + outputBlock);
            for (var k = 0; k < inner; k += depth)
            {
                var length = Math.Min(depth, inner - k);
                for (var t = 0; t < job.Tokens; t += tokenBlock)
                {
                    var tokens = Math.Min(tokenBlock, job.Tokens - t);
                    var input = Compact(job.Input + (long)t * inner + k, inner, tokens, length, end - o, compact, out var stride);
                    for (var j = o; j < end; j += width)
                    {
                        var panel = panels + (long)(keep ? j - o : (j - o) % group) * length;
                        if (t == 0)
                        {
                            if (!job.Backward) WeightPanels.Transposed(w, j, Math.Min(width, end - j), k, length, scratch, panel, width);
                            else if ((j - o) % group == 0) WeightPanels.Straight(w, k, length, j, Math.Min(group, end - j), scratch, panel, width);
                        }

                        GemmTile.Panel(
                            input, stride, 1, panel, length,
                            job.Output + (long)t * outer + j, outer, tokens, Math.Min(width, end - j), 1, job.Accumulate || k > 0);
                    }
                }
            }
        }
    }

    /// <summary>The block's rows next to each other, where they would share cache sets and the block is read for several panels.</summary>
    private static float* Compact(float* input, int stride, int rows, int columns, int outputs, float* scratch, out nint compactStride)
    {
        compactStride = stride;
        if (outputs < 2 * GemmTile.Columns || rows <= GemmTile.Rows || stride == columns || stride % AliasedStride != 0) return input;
        compactStride = columns;
        for (var i = 0; i < rows; i++)
            new ReadOnlySpan<float>(input + (long)i * stride, columns).CopyTo(new Span<float>(scratch + (long)i * columns, columns));
        return scratch;
    }
}
