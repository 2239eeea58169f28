using System.Runtime.CompilerServices;


namespace PersonaTune.Engine.Kernels;

/// <summary>
/// The inner tile of every f32 matrix product: c (rows, columns) = alpha a (rows, k) b (k, columns), or += .
/// <code>
/// a: element (i, p) at a[i * rowStride + p * columnStride], so that a transposed operand needs no copy
/// b: packed panel, (k, Columns) contiguous, zero beyond the used columns
/// c: row i at c + i * ldc
/// </code>
/// Every element of c is one chain of fused multiply-adds in the order of p, whatever the tile's height: a result depends on the
/// shape of neither tile nor partition. Widths: 12 x 32 (Vector512), 6 x 16 (Vector256, Vector128 and scalar).
/// </summary>
internal static unsafe partial class GemmTile
{
    private const int MaxRows = 12;
    private const int MaxColumns = 32;

    /// <summary>The instruction set in use, chosen once.</summary>
    public static readonly VectorWidth Width = VectorWidths.Best;

    /// <summary>Rows of the largest tile.</summary>
    public static readonly int Rows = Width == VectorWidth.V512 ? 12 : 6;

    /// <summary>Columns of a packed panel.</summary>
    public static readonly int Columns = Width == VectorWidth.V512 ? 32 : 16;

    /// <summary>All rows of one panel: splits <paramref name="rows"/> into tiles and masks what is left over.</summary>
    public static void Panel(
        float* a, nint rowStride, nint columnStride, float* b, int k, float* c, nint ldc, int rows, int columns, float alpha, bool add) =>
        Panel(Width, a, rowStride, columnStride, b, k, c, ldc, rows, columns, alpha, add);

    internal static void Panel(
        VectorWidth width, float* a, nint rowStride, nint columnStride, float* b, int k, float* c, nint ldc, int rows, int columns, float alpha, bool add)
    {
        var full = width == VectorWidth.V512 ? 12 : 6;
        var half = width == VectorWidth.V512 ? 6 : 4;
        var wide = width == VectorWidth.V512 ? 32 : 16;
        var edge = stackalloc float[MaxRows * MaxColumns];
        for (var done = 0; done < rows;)
        {
            // Two tiles of half height are cheaper than a full one and a sliver.
            var left = rows - done;
            var height = left >= full && left != full + 1 && left != 2 * half ? full : left > half && left < full ? full : half;
            var used = Math.Min(height, left);
            var tileA = a + done * rowStride;
            var tileC = c + done * ldc;
            if (used == height && columns == wide)
            {
                Tile(width, height, tileA, rowStride, columnStride, b, k, tileC, ldc, height, alpha, add);
            }
            else
            {
                Tile(width, height, tileA, rowStride, columnStride, b, k, edge, wide, used, alpha, false);
                for (var i = 0; i < used; i++)
                {
                    var from = edge + i * wide;
                    var to = tileC + i * ldc;
                    if (add)
                        for (var j = 0; j < columns; j++) to[j] += from[j];
                    else
                        for (var j = 0; j < columns; j++) to[j] = from[j];
                }
            }

            done += used;
        }
    }

    // Rows from `used` on repeat the last valid row: they are computed and thrown away, and read nothing outside of a.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Tile(
        VectorWidth width, int height, float* a, nint rs, nint cs, float* b, int k, float* c, nint ldc, int used, float alpha, bool add)
    {
        switch (width)
        {
            case VectorWidth.V512 when height == 12:
                Tile12x32(a, rs, cs, b, k, c, ldc, used, alpha, add);
                break;
            case VectorWidth.V512:
                Tile6x32(a, rs, cs, b, k, c, ldc, used, alpha, add);
                break;
            case VectorWidth.V256 when height == 6:
                Tile6x16(a, rs, cs, b, k, c, ldc, used, alpha, add);
                break;
            case VectorWidth.V256:
                Tile4x16(a, rs, cs, b, k, c, ldc, used, alpha, add);
                break;
            case VectorWidth.V128:
                TileNarrow(height, a, rs, cs, b, k, c, ldc, used, alpha, add);
                break;
            default:
                TileScalar(height, a, rs, cs, b, k, c, ldc, used, alpha, add);
                break;
        }
    }

    /// <summary>The reference: what every other tile must compute.</summary>
    private static void TileScalar(int height, float* a, nint rs, nint cs, float* b, int k, float* c, nint ldc, int used, float alpha, bool add)
    {
        for (var i = 0; i < Math.Min(height, used); i++)
        {
            for (var j = 0; j < 16; j++)
            {
                var sum = 0f;
                for (var p = 0; p < k; p++) sum += a[i * rs + p * cs] * b[p * 16 + j];
                c[i * ldc + j] = add ? c[i * ldc + j] + alpha * sum : alpha * sum;
            }
        }
    }
}
