using System.Text.Json;
using System.Text.Json.Serialization;

namespace PersonaTune.Protocol.Wire;

/// <summary>An enumeration as a kebab-case string; numbers are refused.</summary>
/// <typeparam name="TEnum">The enumeration.</typeparam>
public sealed class KebabCaseEnumConverter<TEnum>() : JsonStringEnumConverter<TEnum>(JsonNamingPolicy.KebabCaseLower, allowIntegerValues: false)
    where TEnum : struct, Enum;
