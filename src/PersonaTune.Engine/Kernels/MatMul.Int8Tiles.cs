using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;
using PersonaTune.Engine.Tensors;

namespace PersonaTune.Engine.Kernels;

/// <content>
/// Many tokens against 8-bit activations (AVX2): as <see cref="Forward"/>, but the panel holds integers and <see cref="IntegerTile"/>
/// multiplies them.
/// </content>
public static unsafe partial class MatMul
{
    // From here on packing a panel pays (measured); below, every token goes through the rows by itself.
    private const int ByteTileTokens = 4;
    private const int WordTileTokens = 6;

    // Columns a block: the panel takes 8 KiB as bytes and as words.
    private const int ByteDepth = 512;
    private const int WordDepth = 256;

    // Tokens a block, whose rounded activations stay in the second cache level.
    private const int RoundedTokens = 288;

    private static void ManyTokens(in RoundedJob job, int part, int parts)
    {
        var w = job.W;
        var x = job.X;
        var (first, rows) = Gemm.Share(w.Rows, IntegerTile.Columns, part, parts);
        var words = IntegerUnpack.NeedsWords(w.Type);
        var steps = IntegerUnpack.ByteSteps(w.Type);
        var depth = words ? WordDepth : ByteDepth;
        var tokenBlock = BlockLength(x.Tokens, RoundedTokens, IntegerTile.Rows);

        // unpacked rows | panel | scales | offsets | tile | widened activations
        var panelBytes = depth * IntegerTile.Columns * (words ? 2 : 1);
        var tableFloats = depth / 32 * IntegerTile.Columns;
        const int TileFloats = IntegerTile.Rows * IntegerTile.Columns;
        var unpacked = KernelScratch.Bytes(2 * panelBytes + (2 * tableFloats + TileFloats) * sizeof(float) + (words ? tokenBlock * depth * sizeof(short) : 0));
        var panel = unpacked + panelBytes;
        var scales = (float*)(panel + panelBytes);
        var offsets = scales + tableFloats;
        var tile = offsets + tableFloats;
        var wide = (short*)(tile + TileFloats);
        for (var t = 0; t < x.Tokens; t += tokenBlock)
        {
            var tokens = Math.Min(tokenBlock, x.Tokens - t);
            for (var k = 0; k < w.Columns; k += depth)
            {
                var columns = Math.Min(depth, w.Columns - k);
                if (words) Widen(x, t, tokens, k, columns, wide);
                for (var n = first; n < first + rows; n += IntegerTile.Columns)
                {
                    var used = Math.Min(IntegerTile.Columns, first + rows - n);
                    PackIntegers(w, n, used, k, columns, words, unpacked, panel, scales, offsets);
                    for (var i = 0; i < tokens; i += IntegerTile.Rows)
                    {
                        var height = Math.Min(IntegerTile.Rows, tokens - i);
                        var at = (long)(t + i) * x.Blocks + k / 32;
                        if (words)
                        {
                            new Span<float>(tile, TileFloats).Clear();
                            IntegerTile.Words((short*)panel, scales, columns / 32, wide + i * columns, columns, x.Scales + at, x.Blocks, tile, height);
                        }
                        else
                        {
                            // The offsets times the blocks' activation sums are a small f32 product of their own.
                            GemmTile.Tile6x16(x.Sums + at, x.Blocks, 1, offsets, columns / 32, tile, IntegerTile.Columns, height, 1, false);
                            IntegerTile.Bytes(panel, scales, columns / 32, steps, x.Values + at * 32, x.Blocks * 32, x.Scales + at, x.Blocks, tile, height);
                        }

                        Write(tile, job.Output + (long)(t + i) * w.Rows + n, w.Rows, height, used, job.Accumulate || k > 0);
                    }
                }
            }
        }
    }

    private static void Widen(QuantizedActivations x, int token, int tokens, int first, int columns, short* wide)
    {
        for (var t = 0; t < tokens; t++, wide += columns)
        {
            var from = x.Values + (long)(token + t) * x.Blocks * 32 + first;
            for (var i = 0; i < columns; i += 16) Avx2.ConvertToVector256Int16(from + i).Store(wide + i);
        }
    }

    // Four bytes or two words of a row are one 32-bit unit of the panel, moved as if it were a float.
    private static void PackIntegers(
        in WeightMatrix w, int row, int rows, int first, int columns, bool words, byte* unpacked, byte* panel, float* scales, float* offsets)
    {
        var start = first / w.Type.BlockSize() * (long)w.Type.BlockBytes();
        var stride = words ? columns * 2 : columns;
        if (rows < IntegerTile.Columns)
        {
            new Span<float>(scales, columns / 32 * IntegerTile.Columns).Clear();
            new Span<float>(offsets, columns / 32 * IntegerTile.Columns).Clear();
        }

        for (var i = 0; i < rows; i++)
        {
            var data = w.Data + (long)(row + i) * w.RowBytes + start;
            if (words) IntegerUnpack.Words(w.Type, data, columns / 32, (short*)(unpacked + i * stride), scales + i);
            else IntegerUnpack.Bytes(w.Type, data, columns / 32, unpacked + i * stride, scales + i, offsets + i);
        }

        GemmPack.Transposed((float*)unpacked, stride / 4, rows, stride / 4, (float*)panel, IntegerTile.Columns);
    }

    private static void Write(float* tile, float* y, nint stride, int rows, int columns, bool add)
    {
        for (var i = 0; i < rows; i++, tile += IntegerTile.Columns, y += stride)
        {
            if (columns == IntegerTile.Columns)
            {
                Vector256<float> low = Vector256.Load(tile), high = Vector256.Load(tile + 8);
                (add ? low + Vector256.Load(y) : low).Store(y);
                (add ? high + Vector256.Load(y + 8) : high).Store(y + 8);
                continue;
            }

            for (var j = 0; j < columns; j++) y[j] = add ? y[j] + tile[j] : tile[j];
        }
    }
}
