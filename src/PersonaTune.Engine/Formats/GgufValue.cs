using System.Globalization;

namespace PersonaTune.Engine.Formats;

/// <summary>
/// One GGUF metadata value. <see cref="Raw"/> holds the .NET value of the same width: <c>uint</c>, <c>string</c>, <c>float[]</c>,
/// <c>string[]</c>, ..., and <c>GgufValue[]</c> for an array of arrays. Immutable; do not write to the arrays.
/// </summary>
public sealed class GgufValue
{
    internal GgufValue(GgufValueType type, GgufValueType? elementType, object raw)
    {
        Type = type;
        ElementType = elementType;
        Raw = raw;
    }

    /// <summary>Type of the value.</summary>
    public GgufValueType Type { get; }

    /// <summary>Type of the elements of an array; null for other types.</summary>
    public GgufValueType? ElementType { get; }

    /// <summary>The value in the .NET type of the same width.</summary>
    public object Raw { get; }

    /// <summary>Number of elements of an array; 1 for other types.</summary>
    public int Count => Raw is Array array ? array.Length : 1;

    /// <summary>A string value.</summary>
    public static GgufValue Of(string value) => new(GgufValueType.String, null, value);

    /// <summary>An unsigned 32-bit value: what GGUF uses for lengths and counts.</summary>
    public static GgufValue Of(uint value) => new(GgufValueType.UInt32, null, value);

    /// <summary>A signed 32-bit value.</summary>
    public static GgufValue Of(int value) => new(GgufValueType.Int32, null, value);

    /// <summary>An unsigned 64-bit value.</summary>
    public static GgufValue Of(ulong value) => new(GgufValueType.UInt64, null, value);

    /// <summary>A 32-bit float.</summary>
    public static GgufValue Of(float value) => new(GgufValueType.Float32, null, value);

    /// <summary>A truth value.</summary>
    public static GgufValue Of(bool value) => new(GgufValueType.Boolean, null, value);

    /// <summary>An array of strings (not copied).</summary>
    public static GgufValue Of(string[] values) => new(GgufValueType.Array, GgufValueType.String, values);

    /// <summary>An array of 32-bit floats (not copied).</summary>
    public static GgufValue Of(float[] values) => new(GgufValueType.Array, GgufValueType.Float32, values);

    /// <summary>An array of signed 32-bit integers (not copied).</summary>
    public static GgufValue Of(int[] values) => new(GgufValueType.Array, GgufValueType.Int32, values);

    /// <summary>An array of arrays (not copied).</summary>
    public static GgufValue Of(GgufValue[] values) => new(GgufValueType.Array, GgufValueType.Array, values);

    /// <summary>The value as text for people; arrays as type and length.</summary>
    public override string ToString() =>
        Raw is Array array ? $"{ElementType}[{array.Length}]" : Convert.ToString(Raw, CultureInfo.InvariantCulture) ?? string.Empty;
}
