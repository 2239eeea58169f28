using System.Text.Json.Serialization;
using PersonaTune.Protocol.Enrolment;
using PersonaTune.Protocol.Operations;
using PersonaTune.Protocol.Problems;
using PersonaTune.Protocol.Releases;
using PersonaTune.Protocol.Rounds;
using PersonaTune.Protocol.Tasks;

namespace PersonaTune.Protocol.Wire;

/// <summary>
/// The JSON of the protocol: camel case, enumerations as kebab-case strings, bytes as base64, times as ISO 8601; unknown members are ignored, missing ones are
/// errors, a member may not occur twice. Generated at compile time, without reflection. Thread-safe.
/// </summary>
[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, Converters = [typeof(BytesJsonConverter)],
    RespectNullableAnnotations = true, RespectRequiredConstructorParameters = true,
    AllowDuplicateProperties = false, MaxDepth = 16)]
[JsonSerializable(typeof(TaskDefinition))]
[JsonSerializable(typeof(TaskList))]
[JsonSerializable(typeof(CheckInRequest))]
[JsonSerializable(typeof(CheckInResponse))]
[JsonSerializable(typeof(MessageReceipt))]
[JsonSerializable(typeof(MissingChunks))]
[JsonSerializable(typeof(ParticipationView))]
[JsonSerializable(typeof(EnrolmentChallenge))]
[JsonSerializable(typeof(EnrolmentRequest))]
[JsonSerializable(typeof(EnrolmentResponse))]
[JsonSerializable(typeof(ServiceKeys))]
[JsonSerializable(typeof(ReleaseManifest))]
[JsonSerializable(typeof(ReleaseView))]
[JsonSerializable(typeof(CanaryVerdict))]
[JsonSerializable(typeof(ProblemDocument))]
[JsonSerializable(typeof(DashboardView))]
[JsonSerializable(typeof(TaskView))]
[JsonSerializable(typeof(EventView))]
[JsonSerializable(typeof(TaskChange))]
public sealed partial class ProtocolJson : JsonSerializerContext;
