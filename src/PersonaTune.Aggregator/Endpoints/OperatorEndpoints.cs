using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using PersonaTune.Aggregator.Rounds;
using PersonaTune.Aggregator.Tasks;
using PersonaTune.Protocol.Operations;
using PersonaTune.Protocol.Problems;
using PersonaTune.Protocol.Wire;

namespace PersonaTune.Aggregator.Endpoints;

/// <summary>
/// What operators call. Changes need the operator's token as a bearer token; reading is open unless <see cref="OperatorAccess.PublicDashboard"/> says otherwise, because it shows
/// nothing about a single device.
/// </summary>
internal static class OperatorEndpoints
{
    private static readonly TimeSpan Heartbeat = TimeSpan.FromSeconds(15);
    private static readonly TimeSpan Throttle = TimeSpan.FromMilliseconds(250);

    public static void MapOperators(this IEndpointRouteBuilder routes)
    {
        var all = routes.MapGroup("/v1/operator").WithTags("operators");
        all.MapPost("/tasks", async (HttpContext http, ITaskAdministration administration, OperatorAccess access, CancellationToken ct) =>
        {
            Authorize(http, access);
            return Results.Json(await administration.CreateAsync(await BodyReader.ReadAsync(http.Request, BodyReader.Json, ct), ct), ProtocolJson.Default.TaskView);
        }).Describe<TaskView>("createTask", "Accepts a signed task definition (octet-stream). Bearer token.", binary: true);
        all.MapPatch("/tasks/{task}", async (HttpContext http, string task, ITaskAdministration administration, OperatorAccess access, CancellationToken ct) =>
        {
            Authorize(http, access);
            var change = JsonSerializer.Deserialize(await BodyReader.ReadAsync(http.Request, BodyReader.Json, ct), ProtocolJson.Default.TaskChange) ?? throw new JsonException("null");
            return Results.Json(await administration.ChangeAsync(task, change, ct), ProtocolJson.Default.TaskView);
        }).Describe<TaskView>("changeTask", "Opens, pauses or cancels a task, or restores an older release. Bearer token.", typeof(TaskChange));
        all.MapGet("/dashboard", async (HttpContext http, ITaskAdministration administration, OperatorAccess access, CancellationToken ct) =>
        {
            AuthorizeReading(http, access);
            return Results.Json(await administration.GetDashboardAsync(ct), ProtocolJson.Default.DashboardView);
        }).Describe<DashboardView>("getDashboard", "All tasks, rounds and budgets; small counts withheld.");
        all.MapGet("/dashboard/stream", async (HttpContext http, ITaskAdministration administration, OperatorAccess access, CancellationToken ct) =>
        {
            AuthorizeReading(http, access);
            await StreamAsync(http, async write =>
            {
                await write("dashboard", null, JsonSerializer.Serialize(await administration.GetDashboardAsync(ct), ProtocolJson.Default.DashboardView));
            }, administration.NextChange, ct);
        }).Describe<byte[]>("streamDashboard", "Server-sent events: the dashboard at each change.");
        all.MapGet("/events", async (HttpContext http, ITaskAdministration administration, OperatorAccess access, CancellationToken ct) =>
        {
            AuthorizeReading(http, access);
            var last = long.TryParse(http.Request.Headers["Last-Event-ID"], NumberStyles.None, CultureInfo.InvariantCulture, out var id) ? id : -1;
            await StreamAsync(http, async write =>
            {
                foreach (var line in await administration.ReadEventsAsync(last, 200, ct))
                {
                    await write("event", line.Id, JsonSerializer.Serialize(line, ProtocolJson.Default.EventView));
                    last = line.Id;
                }

                last = Math.Max(last, 0);
            }, administration.NextChange, ct);
        }).Describe<byte[]>("streamEvents", "Server-sent events: the event log from Last-Event-ID on, or its newest lines.");
    }

    private static async Task StreamAsync(HttpContext http, Func<Func<string, long?, string, Task>, Task> send, Func<Task> next, CancellationToken cancellationToken)
    {
        var stopping = http.RequestServices.GetRequiredService<IHostApplicationLifetime>().ApplicationStopping;
        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, stopping);
        http.Response.ContentType = "text/event-stream";
        http.Response.Headers.CacheControl = "no-store";
        try
        {
            while (!either.IsCancellationRequested)
            {
                var change = next();
                await send(async (name, id, data) =>
                {
                    var text = new StringBuilder().Append("event: ").Append(name).Append('\n');
                    if (id is { } number) text.Append("id: ").Append(number.ToString(CultureInfo.InvariantCulture)).Append('\n');
                    await http.Response.WriteAsync(text.Append("data: ").Append(data).Append("\n\n").ToString(), either.Token);
                });
                await http.Response.Body.FlushAsync(either.Token);
                await Task.Delay(Throttle, either.Token);
                if (await Task.WhenAny(change, Task.Delay(Heartbeat, either.Token)) == change) continue;
                await http.Response.WriteAsync(": still here\n\n", either.Token);
            }
        }
        catch (OperationCanceledException)
        {
            // The reader has gone, or the service stops.
        }
    }

    private static void AuthorizeReading(HttpContext http, OperatorAccess access)
    {
        if (!access.PublicDashboard) Authorize(http, access);
    }

    private static void Authorize(HttpContext http, OperatorAccess access)
    {
        var sent = http.Request.Headers.Authorization.ToString();
        if (!sent.StartsWith("Bearer ", StringComparison.Ordinal)) throw new RequestException(401, ProblemTypes.Unauthenticated, "expected the operator's token as a bearer token");
        if (!CryptographicOperations.FixedTimeEquals(SHA256.HashData(Encoding.UTF8.GetBytes(sent["Bearer ".Length..])), SHA256.HashData(Encoding.UTF8.GetBytes(access.Token))))
            throw new RequestException(401, ProblemTypes.Unauthenticated, "the bearer token is not the operator's");
    }
}
