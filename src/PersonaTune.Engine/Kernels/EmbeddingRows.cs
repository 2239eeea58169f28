using PersonaTune.Engine.Quantization;
using PersonaTune.Engine.Tensors;

namespace PersonaTune.Engine.Kernels;

/// <summary>Looks up token embeddings in a possibly quantized matrix.</summary>
public static class EmbeddingRows
{
    /// <summary>y (ids, columns): row ids[t] of the table, decoded to f32.</summary>
    /// <exception cref="ArgumentException"><paramref name="y"/> does not hold ids x columns values.</exception>
    /// <exception cref="ArgumentOutOfRangeException">An id is outside the table.</exception>
    public static void Gather(in WeightMatrix table, ReadOnlySpan<int> ids, Span<float> y)
    {
        if (y.Length != (long)ids.Length * table.Columns)
            throw new ArgumentException($"{ids.Length} rows of {table.Columns} values are needed, found {y.Length}", nameof(y));
        for (var t = 0; t < ids.Length; t++)
        {
            if ((uint)ids[t] >= (uint)table.Rows)
                throw new ArgumentOutOfRangeException(nameof(ids), ids[t], $"token ids run from 0 to {table.Rows - 1}");
            BlockCodec.Decode(table.Type, table.RowsBytes(ids[t], 1), y.Slice(t * table.Columns, table.Columns));
        }
    }
}
