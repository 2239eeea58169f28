using System.Diagnostics.CodeAnalysis;
using System.Globalization;

namespace PersonaTune.Engine.Formats;

/// <summary>
/// The key-value pairs of a GGUF file in file order. <c>Get</c> methods demand the key, <c>Find</c> methods return a fallback where
/// it is absent; both refuse a value of the wrong type or out of range. Immutable and thread-safe.
/// </summary>
public sealed class GgufMetadata
{
    private readonly Dictionary<string, GgufValue> _values;

    internal GgufMetadata(string subject, IReadOnlyList<KeyValuePair<string, GgufValue>> entries)
    {
        Subject = subject;
        Entries = entries;
        _values = new Dictionary<string, GgufValue>(entries, StringComparer.Ordinal);
    }

    /// <summary>The file, for messages.</summary>
    public string Subject { get; }

    /// <summary>All pairs in file order.</summary>
    public IReadOnlyList<KeyValuePair<string, GgufValue>> Entries { get; }

    /// <summary>Whether the key is present.</summary>
    public bool Contains(string key) => _values.ContainsKey(key);

    /// <summary>Looks a value up.</summary>
    public bool TryGet(string key, [NotNullWhen(true)] out GgufValue? value) => _values.TryGetValue(key, out value);

    /// <summary>A string.</summary>
    /// <exception cref="FileFormatException">The key is absent or of another type.</exception>
    public string GetString(string key) => FindString(key) ?? throw Missing(key, "string");

    /// <summary>A string, or null where the key is absent.</summary>
    /// <exception cref="FileFormatException">The value has another type.</exception>
    public string? FindString(string key) => Find<string>(key, "string");

    /// <summary>An integer of any width within a range.</summary>
    /// <exception cref="FileFormatException">The key is absent, of another type, or out of range.</exception>
    public int GetInt32(string key, int minimum = int.MinValue, int maximum = int.MaxValue) =>
        FindInt32(key, minimum, maximum) ?? throw Missing(key, "integer");

    /// <summary>An integer of any width within a range, or null where the key is absent.</summary>
    /// <exception cref="FileFormatException">The value has another type or is out of range.</exception>
    public int? FindInt32(string key, int minimum = int.MinValue, int maximum = int.MaxValue)
    {
        if (!_values.TryGetValue(key, out var value)) return null;
        Int128 number = value.Raw switch
        {
            byte v => v,
            sbyte v => v,
            ushort v => v,
            short v => v,
            uint v => v,
            int v => v,
            ulong v => v,
            long v => v,
            _ => throw WrongType(key, value, "an integer"),
        };
        if (number < minimum || number > maximum)
            throw new FileFormatException(Subject, string.Create(CultureInfo.InvariantCulture, $"metadata '{key}' must lie in {minimum}..{maximum}, found {number}"));
        return (int)number;
    }

    /// <summary>A finite floating-point number.</summary>
    /// <exception cref="FileFormatException">The key is absent, of another type, or not finite.</exception>
    public float GetSingle(string key) => FindSingle(key) ?? throw Missing(key, "float");

    /// <summary>A finite floating-point number, or null where the key is absent.</summary>
    /// <exception cref="FileFormatException">The value has another type or is not finite as a 32-bit float.</exception>
    public float? FindSingle(string key)
    {
        if (!_values.TryGetValue(key, out var value)) return null;
        var number = value.Raw switch
        {
            float v => v,
            double v => (float)v,
            _ => throw WrongType(key, value, "a float"),
        };
        return float.IsFinite(number) ? number : throw new FileFormatException(Subject, $"metadata '{key}' must be finite, found {number}");
    }

    /// <summary>A truth value, or null where the key is absent.</summary>
    /// <exception cref="FileFormatException">The value has another type.</exception>
    public bool? FindBoolean(string key)
    {
        if (!_values.TryGetValue(key, out var value)) return null;
        return value.Raw is bool flag ? flag : throw WrongType(key, value, "a boolean");
    }

    /// <summary>An array of strings.</summary>
    /// <exception cref="FileFormatException">The key is absent or of another type.</exception>
    public IReadOnlyList<string> GetStrings(string key) => FindStrings(key) ?? throw Missing(key, "array of strings");

    /// <summary>An array of strings, or null where the key is absent.</summary>
    /// <exception cref="FileFormatException">The value has another type.</exception>
    public IReadOnlyList<string>? FindStrings(string key) => Find<string[]>(key, "an array of strings");

    /// <summary>An array of 32-bit floats, or null where the key is absent.</summary>
    /// <exception cref="FileFormatException">The value has another type.</exception>
    public float[]? FindSingles(string key) => Find<float[]>(key, "an array of 32-bit floats");

    /// <summary>An array of integers that fit 32 bits (signed or unsigned in the file), or null where the key is absent.</summary>
    /// <exception cref="FileFormatException">The value has another type or an element above 2³¹ - 1.</exception>
    public int[]? FindInt32s(string key)
    {
        if (!_values.TryGetValue(key, out var value)) return null;
        // By element type, not by CLR type: to the runtime's type check a uint[] is an int[] too.
        return value.ElementType switch
        {
            GgufValueType.Int32 => (int[])value.Raw,
            GgufValueType.UInt32 => Array.ConvertAll((uint[])value.Raw, x => x <= int.MaxValue
                ? (int)x
                : throw new FileFormatException(Subject, string.Create(CultureInfo.InvariantCulture, $"metadata '{key}' holds {x}, above 2^31 - 1"))),
            GgufValueType.Int8 => Array.ConvertAll((sbyte[])value.Raw, x => (int)x),
            GgufValueType.UInt8 => Array.ConvertAll((byte[])value.Raw, x => (int)x),
            GgufValueType.Int16 => Array.ConvertAll((short[])value.Raw, x => (int)x),
            GgufValueType.UInt16 => Array.ConvertAll((ushort[])value.Raw, x => (int)x),
            _ => throw WrongType(key, value, "an array of integers"),
        };
    }

    private T? Find<T>(string key, string expected) where T : class
    {
        if (!_values.TryGetValue(key, out var value)) return null;
        // A CLR array of int is also "an" array of uint to the type checker; exact types keep the file's meaning.
        return value.Raw.GetType() == typeof(T) ? (T)value.Raw : throw WrongType(key, value, expected);
    }

    private FileFormatException Missing(string key, string type) => new(Subject, $"metadata '{key}' ({type}) is missing");

    private FileFormatException WrongType(string key, GgufValue value, string expected) =>
        new(Subject, $"metadata '{key}' must be {expected}, found {value.Type}{(value.ElementType is { } e ? $" of {e}" : string.Empty)}");
}
