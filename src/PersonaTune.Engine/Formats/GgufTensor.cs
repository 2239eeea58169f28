using PersonaTune.Engine.Tensors;

namespace PersonaTune.Engine.Formats;

/// <summary>A tensor's entry in the directory of a GGUF file, validated against the file's length. Immutable.</summary>
/// <param name="Name">Name, unique in the file.</param>
/// <param name="Type">Storage type.</param>
/// <param name="Shape">Lengths in GGUF's order: the first is the length of a row (the fastest index). A matrix (rows, columns) reads [columns, rows].</param>
/// <param name="Offset">First byte, from the start of the file.</param>
/// <param name="ByteLength">Number of bytes.</param>
public sealed record GgufTensor(string Name, TensorType Type, IReadOnlyList<long> Shape, long Offset, long ByteLength)
{
    /// <summary>Number of elements.</summary>
    public long ElementCount { get; } = Shape.Aggregate(1L, (product, length) => checked(product * length));

    /// <summary>Number of rows: the product of all lengths but the first.</summary>
    public long Rows => Shape.Count == 0 ? 1 : ElementCount / Shape[0];

    /// <summary>Length of a row.</summary>
    public long Columns => Shape.Count == 0 ? 1 : Shape[0];

    /// <summary>The shape as text, for example "[288, 32000]".</summary>
    public string ShapeText => $"[{string.Join(", ", Shape)}]";
}
