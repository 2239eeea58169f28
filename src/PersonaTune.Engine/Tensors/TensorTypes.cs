namespace PersonaTune.Engine.Tensors;

/// <summary>Block geometry of every <see cref="TensorType"/>. Thread-safe.</summary>
public static class TensorTypes
{
    /// <summary>Elements a block holds: 1 for plain types, 32 or 256 for block-quantized ones; 0 for an unknown type.</summary>
    public static int BlockSize(this TensorType type) => type switch
    {
        TensorType.F32 or TensorType.F16 or TensorType.BF16 or TensorType.F64
            or TensorType.I8 or TensorType.I16 or TensorType.I32 or TensorType.I64 => 1,
        TensorType.Q4_0 or TensorType.Q4_1 or TensorType.Q5_0 or TensorType.Q5_1 or TensorType.Q8_0 => 32,
        TensorType.Q4_K or TensorType.Q5_K or TensorType.Q6_K => 256,
        _ => 0,
    };

    /// <summary>Bytes of one block; 0 for an unknown type.</summary>
    public static int BlockBytes(this TensorType type) => type switch
    {
        TensorType.F32 or TensorType.I32 => 4,
        TensorType.F16 or TensorType.BF16 or TensorType.I16 => 2,
        TensorType.F64 or TensorType.I64 => 8,
        TensorType.I8 => 1,
        TensorType.Q4_0 => 18,
        TensorType.Q4_1 => 20,
        TensorType.Q5_0 => 22,
        TensorType.Q5_1 => 24,
        TensorType.Q8_0 => 34,
        TensorType.Q4_K => 144,
        TensorType.Q5_K => 176,
        TensorType.Q6_K => 210,
        _ => 0,
    };

    /// <summary>Whether this library knows the type.</summary>
    public static bool IsKnown(this TensorType type) => type.BlockSize() != 0;

    /// <summary>Bytes of one row of <paramref name="columns"/> elements.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The row is no whole number of blocks, or the type is unknown.</exception>
    public static long RowBytes(this TensorType type, long columns)
    {
        var block = type.BlockSize();
        if (block == 0) throw new ArgumentOutOfRangeException(nameof(type), type, "unknown tensor type");
        if (columns < 0 || columns % block != 0)
            throw new ArgumentOutOfRangeException(nameof(columns), columns, $"a row of {type} holds a multiple of {block} elements");
        return checked(columns / block * type.BlockBytes());
    }
}
