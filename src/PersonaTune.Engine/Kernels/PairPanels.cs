using System.Runtime.InteropServices;

namespace PersonaTune.Engine.Kernels;

/// <summary>
/// A weight matrix (N, K) of 8-bit values less their zero point as 16-bit pairs: for each 16 rows and each two columns, 16 pairs. What lacks is zero.
/// A multiply-add of pairs then works on 16 outputs at once without sums across a register. Immutable and thread-safe.
/// </summary>
internal sealed unsafe class PairPanels : IDisposable
{
    public const int Width = 16;

    private short* _data;

    /// <summary>Packs rows of <paramref name="columns"/> bytes.</summary>
    public PairPanels(byte* weights, int rows, int columns, int zeroPoint)
    {
        (Rows, Columns) = (rows, columns);
        Pairs = (columns + 1) / 2;
        Panels = (rows + Width - 1) / Width;
        Bytes = (long)Panels * Pairs * Width * 2 * sizeof(short);
        _data = (short*)NativeMemory.AlignedAlloc((nuint)Bytes, 64);
        NativeMemory.Clear(_data, (nuint)Bytes);
        for (var n = 0; n < rows; n++)
        {
            var panel = _data + (long)(n / Width) * Pairs * Width * 2 + n % Width * 2;
            var row = weights + (long)n * columns;
            for (var k = 0; k < columns; k++) panel[k / 2 * Width * 2 + k % 2] = (short)(row[k] - zeroPoint);
        }
    }

    public int Rows { get; }

    public int Columns { get; }

    public int Pairs { get; }

    public int Panels { get; }

    public long Bytes { get; }

    public short* Panel(int index) => _data + (long)index * Pairs * Width * 2;

    public void Dispose()
    {
        NativeMemory.AlignedFree(_data);
        _data = null;
    }
}
