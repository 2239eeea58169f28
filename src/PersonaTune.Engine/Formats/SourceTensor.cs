using PersonaTune.Engine.Tensors;

namespace PersonaTune.Engine.Formats;

/// <summary>A tensor of a <see cref="ModelSource"/>.</summary>
/// <param name="Name">GGUF name.</param>
/// <param name="Shape">GGUF's order: the length of a row first.</param>
/// <param name="Read">Fills a span with whole rows as f32, starting at a row.</param>
/// <param name="StoredType">Type in the source where it is a GGUF type, else null.</param>
/// <param name="Copy">Copies the stored bytes unchanged, where <paramref name="StoredType"/> says what they are.</param>
internal sealed record SourceTensor(string Name, IReadOnlyList<long> Shape, SourceRows Read, TensorType? StoredType = null, Action<Stream>? Copy = null)
{
    /// <summary>Length of a row.</summary>
    public int Columns => checked((int)Shape[0]);

    /// <summary>Number of rows.</summary>
    public long Rows => Shape.Skip(1).Aggregate(1L, (product, length) => checked(product * length));
}

/// <summary>Reads rows from <paramref name="firstRow"/> on until <paramref name="values"/> is full.</summary>
internal delegate void SourceRows(long firstRow, Span<float> values);
