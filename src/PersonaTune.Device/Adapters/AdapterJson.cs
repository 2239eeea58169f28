using System.Text.Json;
using System.Text.Json.Serialization;

namespace PersonaTune.Device.Adapters;

/// <summary>JSON of what the library stores; source-generated, so that it survives trimming.</summary>
[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase,
    UseStringEnumConverter = true,
    UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow,
    NumberHandling = JsonNumberHandling.AllowNamedFloatingPointLiterals)]
[JsonSerializable(typeof(AdapterManifest))]
[JsonSerializable(typeof(AdapterIndex))]
internal sealed partial class AdapterJson : JsonSerializerContext
{
    public static T Read<T>(ReadOnlySpan<byte> json, System.Text.Json.Serialization.Metadata.JsonTypeInfo<T> type, string subject)
    {
        try
        {
            return JsonSerializer.Deserialize(json, type) ?? throw new JsonException("null");
        }
        catch (JsonException e)
        {
            throw new AdapterIntegrityException(subject, $"JSON of {typeof(T).Name}", "other content", e);
        }
    }
}
