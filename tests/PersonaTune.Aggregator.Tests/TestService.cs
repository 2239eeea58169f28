using System.Net.Http.Headers;
using System.Security.Cryptography;
using System.Text.Json;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using PersonaTune.Aggregator.Hosting;
using PersonaTune.Device.Federation;
using PersonaTune.Privacy.SecureAggregation.Identity;
using PersonaTune.Privacy.Signing;
using PersonaTune.Protocol.Tasks;
using PersonaTune.Protocol.Wire;

namespace PersonaTune.Aggregator.Tests;

/// <summary>The whole service on a loopback port, with its keys in a temporary folder.</summary>
internal sealed class TestService : IAsyncDisposable
{
    private readonly WebApplication _app;
    private readonly string _folder;

    private TestService(WebApplication app, ServiceFolder keys, string folder, HttpMessageHandler? handler)
    {
        (_app, Keys, _folder) = (app, keys, folder);
        Http = new HttpClient(handler ?? new SocketsHttpHandler()) { BaseAddress = new Uri(app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.First()) };
    }

    public ServiceFolder Keys { get; }

    public HttpClient Http { get; }

    public IServiceProvider Services => _app.Services;

    public static async Task<TestService> StartAsync(Action<AggregatorHostOptions>? configure = null, HttpMessageHandler? handler = null)
    {
        var folder = Directory.CreateTempSubdirectory("personatune-service-").FullName;
        var keys = ServiceFolder.Open(Path.Combine(folder, "keys"), create: true);
        var options = new AggregatorHostOptions { Keys = keys, Urls = "http://127.0.0.1:0", RequestsPerSecond = 0, LogLevel = LogLevel.Error };
        options.Database.Connection = Path.Combine(folder, "aggregator.db");
        options.Aggregator.PollSeconds = 0.1;
        options.Aggregator.SmallestCount = 1;
        options.Authority.KeysPerName = 100;
        configure?.Invoke(options);
        var app = await AggregatorHost.CreateAsync(options);
        await app.StartAsync();
        return new TestService(app, keys, folder, handler);
    }

    public async Task<IdentityKey> EnrolAsync() => (await DeviceEnrolment.EnrolAsync(
        new AggregatorClient(Http, null), "personatune-aggregator", ECDsa.Create(ECCurve.NamedCurves.nistP256), new TokenAttestationProvider(Keys.EnrolmentToken!), CancellationToken.None)).Identity;

    public byte[] Sign(TaskDefinition task)
    {
        using var signer = Keys.OperatorSigner();
        return SignedEnvelope.Create(signer, TaskDefinition.SigningContext, JsonSerializer.SerializeToUtf8Bytes(task, ProtocolJson.Default.TaskDefinition)).Encode();
    }

    public async Task<HttpResponseMessage> CreateTaskAsync(byte[] envelope, string? token = null)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, "/v1/operator/tasks") { Content = new ByteArrayContent(envelope) };
        request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", token ?? Keys.OperatorToken);
        return await Http.SendAsync(request);
    }

    public async ValueTask DisposeAsync()
    {
        Http.Dispose();
        await _app.StopAsync();
        await _app.DisposeAsync();
        Directory.Delete(_folder, recursive: true);
    }
}
