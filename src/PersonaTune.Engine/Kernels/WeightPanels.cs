using PersonaTune.Engine.Tensors;

namespace PersonaTune.Engine.Kernels;

/// <summary>
/// Decodes a part of a frozen matrix into panels for <see cref="GemmTile"/>: (k, width) contiguous, the columns beyond the used ones zero.
/// </summary>
internal static unsafe class WeightPanels
{
    // Columns that are decoded together where a block is wider than a panel, and rows of them at once.
    private const int WideColumns = 256;
    private const int RowsAtOnce = 8;

    /// <summary>Floats of scratch for panels of a depth.</summary>
    public static int Scratch(int depth, int width) => Math.Max(depth * width, RowsAtOnce * 3 * WideColumns);

    /// <summary>Columns of W, a multiple of the panel's width, that <see cref="Straight"/> decodes best in one call.</summary>
    public static int StraightColumns(TensorType type, int width) => type == TensorType.F32 || Q8Panels.Decodes(type) ? width : WideColumns;

    /// <summary>panel (columns, width) = transpose of W's rows row.., columns first..; both bounds of the columns lie on block boundaries.</summary>
    public static void Transposed(in WeightMatrix w, int row, int rows, int first, int columns, float* scratch, float* panel, int width)
    {
        if (w.Type == TensorType.F32)
        {
            GemmPack.Transposed((float*)(w.Data + (long)row * w.RowBytes) + first, w.Columns, rows, columns, panel, width);
            return;
        }

        if (rows == width && Q8Panels.Decodes(w.Type))
        {
            Q8Panels.Transposed(w.Data + (long)row * w.RowBytes + Q8Panels.Offset(first), w.RowBytes, columns, panel, width);
            return;
        }

        for (var i = 0; i < rows; i++) WeightRows.Read(w, row + i, first, columns, scratch + i * columns);
        GemmPack.Transposed(scratch, columns, rows, columns, panel, width);
    }

    /// <summary>panels (rows, width), one after the other, = W's rows row.., columns first...</summary>
    public static void Straight(in WeightMatrix w, int row, int rows, int first, int columns, float* scratch, float* panels, int width)
    {
        if (w.Type == TensorType.F32)
        {
            GemmPack.Straight((float*)(w.Data + (long)row * w.RowBytes) + first, w.Columns, columns, rows, panels, width);
            return;
        }

        if (columns == width && Q8Panels.Decodes(w.Type))
        {
            Q8Panels.Straight(w.Data + (long)row * w.RowBytes, w.RowBytes, rows, first, panels, width);
            return;
        }

        // Rows are decoded in whole blocks; what the panels do not use of the first and last block is dropped.
        var block = w.Type.BlockSize();
        var start = first / block * block;
        var span = (first + columns + block - 1) / block * block - start;
        for (var i = 0; i < rows; i += RowsAtOnce)
        {
            var count = Math.Min(RowsAtOnce, rows - i);
            for (var r = 0; r < count; r++) WeightRows.Read(w, row + i + r, start, span, scratch + r * span);
            for (var j = 0; j < columns; j += width)
                GemmPack.Straight(scratch + (first - start) + j, span, Math.Min(width, columns - j), count, panels + j * rows + i * width, width);
        }
    }
}
