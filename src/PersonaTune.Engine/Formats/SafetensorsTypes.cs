namespace PersonaTune.Engine.Formats;

/// <summary>Facts about <see cref="SafetensorsType"/>. Thread-safe.</summary>
public static class SafetensorsTypes
{
    /// <summary>Bytes of one element.</summary>
    public static int ElementBytes(this SafetensorsType type) => type switch
    {
        SafetensorsType.F64 or SafetensorsType.I64 or SafetensorsType.U64 => 8,
        SafetensorsType.F32 or SafetensorsType.I32 or SafetensorsType.U32 => 4,
        SafetensorsType.F16 or SafetensorsType.BF16 or SafetensorsType.I16 or SafetensorsType.U16 => 2,
        _ => 1,
    };

    /// <summary>Parses the header's name of a type; exact case, no numbers.</summary>
    internal static SafetensorsType? Parse(string? name) => name switch
    {
        "F64" => SafetensorsType.F64,
        "F32" => SafetensorsType.F32,
        "F16" => SafetensorsType.F16,
        "BF16" => SafetensorsType.BF16,
        "I64" => SafetensorsType.I64,
        "I32" => SafetensorsType.I32,
        "I16" => SafetensorsType.I16,
        "I8" => SafetensorsType.I8,
        "U64" => SafetensorsType.U64,
        "U32" => SafetensorsType.U32,
        "U16" => SafetensorsType.U16,
        "U8" => SafetensorsType.U8,
        "BOOL" => SafetensorsType.BOOL,
        _ => null,
    };
}
