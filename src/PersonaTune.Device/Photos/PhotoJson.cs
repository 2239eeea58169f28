using System.Text.Json.Serialization;
using PersonaTune.Engine.Vision;

namespace PersonaTune.Device.Photos;

[JsonSerializable(typeof(PhotoTrainingOptions))]
internal sealed partial class PhotoJson : JsonSerializerContext;
