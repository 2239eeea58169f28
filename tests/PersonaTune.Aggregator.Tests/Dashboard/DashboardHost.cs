using System.Net.ServerSentEvents;
using System.Runtime.CompilerServices;
using System.Text.Json;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using PersonaTune.Aggregator.Dashboard;
using PersonaTune.Protocol.Operations;
using PersonaTune.Protocol.Wire;

namespace PersonaTune.Aggregator.Tests.Dashboard;

/// <summary>
/// The dashboard on a loopback port, fed with fixtures over the routes of the service, and a second port on which the browser tests choose what it shows and stop and
/// start it.
/// </summary>
internal sealed class DashboardHost : IAsyncDisposable
{
    private readonly Lock _gate = new();
    private readonly List<EventView> _events = [.. DashboardFixtures.Events(TimeProvider.System.GetUtcNow())];
    private TaskCompletionSource _changed = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private string _scenario = "rich";
    private WebApplication? _service;
    private WebApplication? _control;

    public string Address { get; private set; } = "http://127.0.0.1:0";

    public string ControlAddress { get; private set; } = "http://127.0.0.1:0";

    public static async Task<DashboardHost> StartAsync()
    {
        var host = new DashboardHost();
        await host.StartServiceAsync();
        host._control = Build(host.ControlAddress);
        host._control.MapPost("/scenario/{name}", (string name) => host.Show(name));
        host._control.MapPost("/event", (string task, string kind, string text) => host.Add(task, kind, text));
        host._control.MapPost("/stop", host.StopServiceAsync);
        host._control.MapPost("/start", host.StartServiceAsync);
        await host._control.StartAsync();
        host.ControlAddress = AddressOf(host._control);
        return host;
    }

    public async ValueTask DisposeAsync()
    {
        await StopServiceAsync();
        if (_control is not null) await _control.DisposeAsync();
    }

    private static WebApplication Build(string address)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.Services.Configure<HostOptions>(options => options.ShutdownTimeout = TimeSpan.FromSeconds(2));
        var app = builder.Build();
        app.Urls.Add(address);
        return app;
    }

    private static string AddressOf(WebApplication app) =>
        app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.Single();

    private async Task StartServiceAsync()
    {
        var app = Build(Address);
        var stopping = app.Lifetime.ApplicationStopping;
        app.MapDashboard();
        app.MapGet("/v1/operator/dashboard", () => Results.Text(Serialize(), "application/json"));
        app.MapGet("/v1/operator/dashboard/stream", (CancellationToken aborted) =>
            TypedResults.ServerSentEvents(ViewsAsync(CancellationTokenSource.CreateLinkedTokenSource(aborted, stopping).Token)));
        app.MapGet("/v1/operator/events", (HttpRequest request, CancellationToken aborted) =>
        {
            _ = long.TryParse(request.Headers["Last-Event-ID"].ToString(), out var after);
            return TypedResults.ServerSentEvents(EventsAsync(after, CancellationTokenSource.CreateLinkedTokenSource(aborted, stopping).Token));
        });
        app.MapGet("/v1/tasks/{task}/releases/{number:int}/vector", (string task, int number) => Results.Bytes(new byte[12], "application/octet-stream", $"{task}-{number}.ptvf"));
        await app.StartAsync();
        Address = AddressOf(app);
        _service = app;
    }

    private async Task StopServiceAsync()
    {
        if (Interlocked.Exchange(ref _service, null) is not { } app) return;
        await app.StopAsync();
        await app.DisposeAsync();
    }

    private void Show(string scenario)
    {
        lock (_gate) _scenario = scenario;
        Signal();
    }

    private void Add(string task, string kind, string text)
    {
        lock (_gate) _events.Add(new(_events.Count + 1, TimeProvider.System.GetUtcNow(), task, kind, text));
        Signal();
    }

    private void Signal()
    {
        TaskCompletionSource before;
        lock (_gate) (before, _changed) = (_changed, new(TaskCreationOptions.RunContinuationsAsynchronously));
        before.SetResult();
    }

    private string Serialize()
    {
        string scenario;
        lock (_gate) scenario = _scenario;
        var view = JsonSerializer.SerializeToNode(DashboardFixtures.Create(scenario, TimeProvider.System.GetUtcNow()), ProtocolJson.Default.DashboardView)!;
        // The page offers an adapter for download where the view says that the task trains one.
        foreach (var task in view["tasks"]!.AsArray())
            if (string.Equals((string?)task!["name"], "keyboard-en", StringComparison.Ordinal)) task["adapterKind"] = JsonValue.Create("lora-b");
        return view.ToJsonString();
    }

    private async IAsyncEnumerable<SseItem<string>> ViewsAsync([EnumeratorCancellation] CancellationToken cancellationToken)
    {
        while (!cancellationToken.IsCancellationRequested)
        {
            Task changed;
            lock (_gate) changed = _changed.Task;
            yield return new(Serialize(), "dashboard");
            if (!await HappenedAsync(changed, cancellationToken)) yield break;
        }
    }

    private async IAsyncEnumerable<SseItem<string>> EventsAsync(long after, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        while (!cancellationToken.IsCancellationRequested)
        {
            Task changed;
            EventView[] fresh;
            lock (_gate)
            {
                changed = _changed.Task;
                fresh = [.. _events.Where(e => e.Id > after)];
            }

            foreach (var entry in fresh)
            {
                after = entry.Id;
                yield return new(JsonSerializer.Serialize(entry, ProtocolJson.Default.EventView), "event")
                {
                    EventId = entry.Id.ToString(System.Globalization.CultureInfo.InvariantCulture),
                };
            }

            if (!await HappenedAsync(changed, cancellationToken)) yield break;
        }
    }

    private static async Task<bool> HappenedAsync(Task changed, CancellationToken cancellationToken)
    {
        try
        {
            await changed.WaitAsync(cancellationToken);
            return true;
        }
        catch (OperationCanceledException)
        {
            return false;
        }
    }
}
