namespace PersonaTune.Engine.Formats;

/// <summary>A part of a FlatBuffer under construction: a table, or a vector (a string is a vector of bytes with a zero behind it).</summary>
internal sealed class FlatBufferNode
{
    private readonly List<(int Index, int Bytes, long Value, FlatBufferNode? Child)> _fields = [];

    private FlatBufferNode(bool isTable) => IsTable = isTable;

    public bool IsTable { get; }

    /// <summary>Fields of a table.</summary>
    public IReadOnlyList<(int Index, int Bytes, long Value, FlatBufferNode? Child)> Fields => _fields;

    /// <summary>Elements of a vector.</summary>
    public byte[] Data { get; private init; } = [];

    /// <summary>Number of elements of a vector.</summary>
    public int Count { get; private init; }

    /// <summary>Alignment of a vector's elements.</summary>
    public int Alignment { get; private init; } = 4;

    public bool IsText { get; private init; }

    /// <summary>Elements of a vector of tables.</summary>
    public IReadOnlyList<FlatBufferNode> Children { get; private init; } = [];

    public static FlatBufferNode Table() => new(true);

    public static FlatBufferNode Text(string text) => new(false) { Data = System.Text.Encoding.UTF8.GetBytes(text), Count = System.Text.Encoding.UTF8.GetByteCount(text), Alignment = 1, IsText = true };

    public static FlatBufferNode Vector(byte[] data, int elementBytes, int alignment = 0) =>
        new(false) { Data = data, Count = data.Length / elementBytes, Alignment = Math.Max(alignment, elementBytes) };

    public static FlatBufferNode Vector(IReadOnlyList<FlatBufferNode> tables) => new(false) { Children = tables, Count = tables.Count };

    /// <summary>Sets a scalar of 1, 2, 4 or 8 bytes.</summary>
    public FlatBufferNode Set(int index, long value, int bytes)
    {
        _fields.Add((index, bytes, value, null));
        return this;
    }

    /// <summary>Sets a reference.</summary>
    public FlatBufferNode Set(int index, FlatBufferNode child)
    {
        _fields.Add((index, 4, 0, child));
        return this;
    }
}
