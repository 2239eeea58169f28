using System.Text.Json.Serialization;

namespace PersonaTune.Device.Keyboard;

/// <summary>Serialization of the evaluation's results, without reflection.</summary>
[JsonSourceGenerationOptions(WriteIndented = true, PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, UseStringEnumConverter = true)]
[JsonSerializable(typeof(KeyboardReport))]
[JsonSerializable(typeof(KeyboardPersonResult))]
public sealed partial class KeyboardJson : JsonSerializerContext;
