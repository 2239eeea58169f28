using System.Text.Json.Serialization;
using PersonaTune.Device.Adapters;
using PersonaTune.Engine.Vision;

namespace PersonaTune.Device.Photos;

[JsonSerializable(typeof(PhotoTrainingOptions))]
[JsonSerializable(typeof(AdapterProvenance))]
[JsonSerializable(typeof(string[]))]
internal sealed partial class PhotoJson : JsonSerializerContext;
