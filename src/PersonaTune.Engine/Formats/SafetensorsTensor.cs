namespace PersonaTune.Engine.Formats;

/// <summary>A tensor's entry in a safetensors header, validated against the file's length. Immutable.</summary>
/// <param name="Name">Name, unique in the file.</param>
/// <param name="Type">Element type.</param>
/// <param name="Shape">Lengths, slowest index first; empty for a scalar. A length may be zero.</param>
/// <param name="Offset">First byte, from the start of the file.</param>
/// <param name="ByteLength">Number of bytes.</param>
public sealed record SafetensorsTensor(string Name, SafetensorsType Type, IReadOnlyList<long> Shape, long Offset, long ByteLength)
{
    /// <summary>Number of elements: the product of the shape, 1 for a scalar.</summary>
    public long ElementCount => ByteLength / Type.ElementBytes();

    /// <summary>The shape as text, for example "[32, 64]".</summary>
    public string ShapeText => $"[{string.Join(", ", Shape)}]";
}
