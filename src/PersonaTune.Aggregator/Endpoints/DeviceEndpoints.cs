using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using PersonaTune.Aggregator.Rounds;
using PersonaTune.Protocol.Enrolment;
using PersonaTune.Protocol.Problems;
using PersonaTune.Protocol.Requests;
using PersonaTune.Protocol.Rounds;
using PersonaTune.Protocol.Wire;

namespace PersonaTune.Aggregator.Endpoints;

/// <summary>What devices call. Answers are JSON or octet streams, errors problem documents.</summary>
internal static class DeviceEndpoints
{
    private const int LongestWaitSeconds = 30;

    public static void MapDevices(this IEndpointRouteBuilder routes)
    {
        var all = routes.MapGroup(string.Empty).WithTags("devices");
        all.MapGet(Routes.Keys, (AggregatorKeys keys, AggregatorOptions options) => Json(
                new ServiceKeys(options.Audience, keys.ServerPublicKey, [keys.OperatorPublicKey], keys.AuthorityCertificate), ProtocolJson.Default.ServiceKeys))
            .Describe<ServiceKeys>("getKeys", "The deployment's public keys. Applications pin them; fetching them is for trying things out.");
        all.MapGet(Routes.Tasks, async (IRoundGateway gateway, CancellationToken ct) => Json(await gateway.ListTasksAsync(ct), ProtocolJson.Default.TaskList))
            .Describe<Protocol.Tasks.TaskList>("listTasks", "All tasks but drafts and cancelled ones, with their signed definitions.");
        all.MapPost("/v1/tasks/{task}/check-in", async (HttpContext http, string task, IRoundGateway gateway, RequestAuthenticator guard, CancellationToken ct) =>
        {
            var (caller, body) = await ActionAsync(http, guard, BodyReader.Json, ct);
            var request = JsonSerializer.Deserialize(body, ProtocolJson.Default.CheckInRequest) ?? throw new JsonException("null");
            return Outcome(http, await gateway.CheckInAsync(caller, task, request, ct), ProtocolJson.Default.CheckInResponse);
        }).Describe<CheckInResponse>("checkIn", "Asks for a seat in the task's present round. Signed.", typeof(CheckInRequest));
        MapCohorts(all);
        MapReleases(all);
    }

    private static void MapCohorts(IEndpointRouteBuilder all)
    {
        all.MapPost("/v1/cohorts/{cohort}/messages", async (HttpContext http, string cohort, IRoundGateway gateway, RequestAuthenticator guard, CancellationToken ct) =>
        {
            var (caller, body) = await ActionAsync(http, guard, BodyReader.Message, ct);
            return Outcome(http, await gateway.SubmitAsync(caller, cohort, body, ct), ProtocolJson.Default.MessageReceipt);
        }).Describe<MessageReceipt>("sendMessage", "Takes one message of the secure aggregation protocol (octet-stream). Signed. Acknowledged after the commit.", binary: true);
        all.MapGet("/v1/cohorts/{cohort}/messages", async (
            HttpContext http, string cohort, int after, int? wait, IRoundGateway gateway, RequestAuthenticator guard, CancellationToken ct) =>
        {
            var caller = guard.Authenticate(http.Request, [], action: false);
            var next = await gateway.NextAsync(caller, cohort, after, TimeSpan.FromSeconds(Math.Clamp(wait ?? 0, 0, LongestWaitSeconds)), ct);
            if (next.Ended is { } why) throw new RequestException(410, ProblemTypes.Gone, "no more messages come for this device in this cohort", why);
            return next.Bytes.IsEmpty ? Results.NoContent() : Results.Bytes(next.Bytes, "application/octet-stream");
        }).Describe<byte[]>("nextMessage", "The server's next message for the device (octet-stream); 204 after waiting in vain, 410 when there will be none. Signed.");
        all.MapPost("/v1/cohorts/{cohort}/report/{chunk:int}", async (
            HttpContext http, string cohort, int chunk, IRoundGateway gateway, RequestAuthenticator guard, CancellationToken ct) =>
        {
            var (caller, body) = await ActionAsync(http, guard, BodyReader.Message, ct);
            return Outcome(http, await gateway.SubmitReportAsync(caller, cohort, chunk, body, ct), ProtocolJson.Default.MessageReceipt);
        }).Describe<MessageReceipt>("sendReport", "Takes one chunk of a packed report of a plain round (octet-stream). Signed.", binary: true);
        all.MapGet("/v1/cohorts/{cohort}/missing", async (HttpContext http, string cohort, IRoundGateway gateway, RequestAuthenticator guard, CancellationToken ct) =>
            Json(await gateway.MissingAsync(guard.Authenticate(http.Request, [], action: false), cohort, ct), ProtocolJson.Default.MissingChunks))
            .Describe<MissingChunks>("missingChunks", "The chunks that an interrupted upload still lacks. Signed.");
        all.MapGet("/v1/cohorts/{cohort}/participation", async (HttpContext http, string cohort, IRoundGateway gateway, RequestAuthenticator guard, CancellationToken ct) =>
            Json(await gateway.GetParticipationAsync(guard.Authenticate(http.Request, [], action: false), cohort, ct), ProtocolJson.Default.ParticipationView))
            .Describe<ParticipationView>("getParticipation", "How far the device has come. Signed.");
        all.MapDelete("/v1/cohorts/{cohort}/participation", async (HttpContext http, string cohort, IRoundGateway gateway, RequestAuthenticator guard, CancellationToken ct) =>
        {
            var (caller, _) = await ActionAsync(http, guard, BodyReader.Json, ct);
            return Outcome(http, await gateway.LeaveAsync(caller, cohort, ct), ProtocolJson.Default.ParticipationView);
        }).Describe<ParticipationView>("leave", "The device leaves the round. Signed.");
    }

    private static void MapReleases(IEndpointRouteBuilder all)
    {
        all.MapGet("/v1/tasks/{task}/releases/latest", async (HttpContext http, string task, IRoundGateway gateway, RequestAuthenticator guard, CancellationToken ct) =>
            await gateway.GetLatestReleaseAsync(guard.Authenticate(http.Request, [], action: false), task, ct) is { } release
                ? Json(release, ProtocolJson.Default.ReleaseView)
                : Results.NoContent())
            .Describe<Protocol.Releases.ReleaseView>("latestRelease", "The newest release for the device, canaries included; 204 before the first. Signed.");
        all.MapGet("/v1/tasks/{task}/releases/{number:int}", async (string task, int number, IRoundGateway gateway, CancellationToken ct) =>
            await gateway.GetReleaseAsync(task, number, ct) is { } release ? Json(release, ProtocolJson.Default.ReleaseView) : throw NoRelease(task, number))
            .Describe<Protocol.Releases.ReleaseView>("getRelease", "One release's signed manifest.");
        all.MapGet("/v1/tasks/{task}/releases/{number:int}/vector", async (HttpContext http, string task, int number, IRoundGateway gateway, CancellationToken ct) =>
        {
            var vector = await gateway.GetVectorAsync(task, number, ct) ?? throw NoRelease(task, number);
            http.Response.Headers.CacheControl = "public, max-age=31536000, immutable";
            return Results.Bytes(vector, "application/octet-stream", $"{task}-{number}.ptvf");
        }).Describe<byte[]>("getVector", "A release's coordinates: PTVF, little-endian 32-bit floats.");
        all.MapPost("/v1/tasks/{task}/releases/{number:int}/verdict", async (
            HttpContext http, string task, int number, IRoundGateway gateway, RequestAuthenticator guard, CancellationToken ct) =>
        {
            var (caller, body) = await ActionAsync(http, guard, BodyReader.Json, ct);
            var verdict = JsonSerializer.Deserialize(body, ProtocolJson.Default.CanaryVerdict) ?? throw new JsonException("null");
            return Outcome(http, await gateway.SubmitVerdictAsync(caller, task, number, verdict, ct), ProtocolJson.Default.MessageReceipt);
        }).Describe<MessageReceipt>("sendVerdict", "A canary device's randomized verdict. Signed.", typeof(Protocol.Releases.CanaryVerdict));
    }

    private static async Task<(AuthenticatedRequest Caller, byte[] Body)> ActionAsync(HttpContext http, RequestAuthenticator guard, int limit, CancellationToken cancellationToken)
    {
        var body = await BodyReader.ReadAsync(http.Request, limit, cancellationToken);
        return (guard.Authenticate(http.Request, body, action: true), body);
    }

    private static IResult Outcome<T>(HttpContext http, ActionOutcome<T> outcome, JsonTypeInfo<T> type)
    {
        if (outcome.Repeated) http.Response.Headers[RequestHeaders.Repeated] = "true";
        return Json(outcome.Value, type);
    }

    private static IResult Json<T>(T value, JsonTypeInfo<T> type) => Results.Json(value, type);

    private static RequestException NoRelease(string task, int number) => new(404, ProblemTypes.NotFound, $"task '{task}' has no release {number}");
}
