using System.Text.Json;
using System.Text.Json.Serialization;

namespace PersonaTune.Device.Personalization;

/// <summary>JSON of runs and windows in the store; source-generated, so that it survives trimming.</summary>
[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase,
    UseStringEnumConverter = true,
    UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow)]
[JsonSerializable(typeof(RunHeader))]
[JsonSerializable(typeof(TrainingRecipe))]
[JsonSerializable(typeof(RegressionWindow))]
[JsonSerializable(typeof(MixtureRecord))]
internal sealed partial class PersonalizationJson : JsonSerializerContext
{
    public static bool Same(TrainingRecipe left, TrainingRecipe right) =>
        JsonSerializer.SerializeToUtf8Bytes(left, Default.TrainingRecipe).AsSpan()
            .SequenceEqual(JsonSerializer.SerializeToUtf8Bytes(right, Default.TrainingRecipe));
}
