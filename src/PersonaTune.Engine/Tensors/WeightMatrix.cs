namespace PersonaTune.Engine.Tensors;

/// <summary>
/// A frozen, possibly block-quantized matrix (rows, columns), row-major, that points into memory held by <see cref="Owner"/>
/// (a memory-mapped file or a pinned array). It is a view: copying or slicing it copies no weights.
/// </summary>
/// <remarks>Thread-safe for reading. The view keeps its owner reachable; after the owner is disposed it must not be used.</remarks>
public readonly unsafe struct WeightMatrix
{
    internal WeightMatrix(TensorType type, int rows, int columns, byte* data, object? owner)
    {
        Type = type;
        Rows = rows;
        Columns = columns;
        RowBytes = checked((int)type.RowBytes(columns));
        Data = data;
        Owner = owner;
    }

    /// <summary>Element type of every row.</summary>
    public TensorType Type { get; }

    /// <summary>Number of rows: the outputs of a linear layer, or the tokens of an embedding.</summary>
    public int Rows { get; }

    /// <summary>Number of columns: the inputs of a linear layer, or the width of an embedding.</summary>
    public int Columns { get; }

    /// <summary>Bytes of one row.</summary>
    public int RowBytes { get; }

    /// <summary>Bytes of the whole view.</summary>
    public long ByteLength => (long)Rows * RowBytes;

    /// <summary>Whether this is the default value, which points nowhere.</summary>
    public bool IsEmpty => Data is null;

    internal byte* Data { get; }

    internal object? Owner { get; }

    /// <summary>The raw bytes of <paramref name="count"/> rows from <paramref name="first"/>.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The range leaves the matrix.</exception>
    public ReadOnlySpan<byte> RowsBytes(int first, int count)
    {
        var slice = Slice(first, count);
        return new ReadOnlySpan<byte>(slice.Data, checked((int)slice.ByteLength));
    }

    /// <summary>The view of <paramref name="count"/> rows from <paramref name="first"/>.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The range leaves the matrix.</exception>
    public WeightMatrix Slice(int first, int count)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(first);
        ArgumentOutOfRangeException.ThrowIfNegative(count);
        if (first > Rows - count) throw new ArgumentOutOfRangeException(nameof(count), count, $"rows {first}..{first + count} leave a matrix of {Rows} rows");
        return new WeightMatrix(Type, count, Columns, Data + (long)first * RowBytes, Owner);
    }

    /// <summary>Copies f32 values into a pinned matrix; for tests, adapters' merges and models built in memory.</summary>
    /// <exception cref="ArgumentException">The length is not rows x columns.</exception>
    public static WeightMatrix FromFloats(ReadOnlySpan<float> values, int rows, int columns)
    {
        if (values.Length != (long)rows * columns)
            throw new ArgumentException($"expected {rows} x {columns} values, found {values.Length}", nameof(values));
        return FromBytes(TensorType.F32, System.Runtime.InteropServices.MemoryMarshal.AsBytes(values), rows, columns);
    }

    /// <summary>Copies encoded blocks into a pinned matrix.</summary>
    /// <exception cref="ArgumentException">The length does not fit the type and shape.</exception>
    public static WeightMatrix FromBytes(TensorType type, ReadOnlySpan<byte> blocks, int rows, int columns)
    {
        if (blocks.Length != rows * type.RowBytes(columns))
            throw new ArgumentException($"expected {rows * type.RowBytes(columns)} bytes of {type}, found {blocks.Length}", nameof(blocks));
        var copy = GC.AllocateUninitializedArray<byte>(Math.Max(1, blocks.Length), pinned: true);
        blocks.CopyTo(copy);
        return new WeightMatrix(type, rows, columns, (byte*)System.Runtime.CompilerServices.Unsafe.AsPointer(ref copy[0]), copy);
    }
}
