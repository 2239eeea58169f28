using System.Net;
using System.Text.Json;
using PersonaTune.Device.Federation;
using PersonaTune.Privacy.SecureAggregation.Identity;
using PersonaTune.Privacy.SecureAggregation.Rounds;
using PersonaTune.Privacy.Signing;
using PersonaTune.Protocol.Releases;
using PersonaTune.Protocol.Rounds;
using PersonaTune.Protocol.Tasks;
using PersonaTune.Protocol.Wire;

namespace PersonaTune.Device.Tests.Federation;

/// <summary>The pace of a worker whose aggregator misbehaves.</summary>
public sealed class FederatedWorkerTests : IDisposable
{
    private const int Looks = 5;
    private static readonly TimeSpan Idle = TimeSpan.FromMinutes(15);
    private readonly HurriedTime _time = new();
    private readonly EcdsaEnvelopeSigner _operator = EcdsaEnvelopeSigner.Generate();
    private readonly IdentityKey _identity = IdentityKey.Generate();
    private readonly CancellationTokenSource _stopping = new();

    public void Dispose()
    {
        _operator.Dispose();
        _identity.Dispose();
        _stopping.Dispose();
    }

    [Fact]
    public async Task A_task_that_was_open_once_and_is_no_longer_is_looked_at_in_the_idle_pace()
    {
        var looks = 0;
        await RunAsync(
            request => IsList(request) ? List(++looks == 1 ? TaskState.Open : TaskState.Completed, "a")
                : Busy(60000),
            () => looks, install: false);
        Assert.Equal([TimeSpan.FromMinutes(1), Idle, Idle, Idle, Idle], _time.Pauses);
    }

    [Fact]
    public async Task An_aggregator_that_asks_a_device_to_come_at_once_gets_it_no_more_than_once_a_second()
    {
        var looks = 0;
        await RunAsync(
            request => IsList(request) ? Count(ref looks, List(TaskState.Open, "a"))
                : Busy(0),
            () => looks, install: false);
        Assert.All(_time.Pauses, pause => Assert.Equal(TimeSpan.FromSeconds(1), pause));
    }

    /// <summary>The first task's release is not the operator's; the second task's is fetched all the same, again and again.</summary>
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_refused_release_or_a_failing_task_ends_nothing_and_starves_no_other_task(bool fails)
    {
        var looks = 0;
        using var stranger = EcdsaEnvelopeSigner.Generate();
        var handler = await RunAsync(request =>
        {
            if (IsList(request)) return Count(ref looks, List(TaskState.Paused, "a", "b"));
            if (request.RequestUri!.AbsolutePath.Contains("/b/", StringComparison.Ordinal)) return new HttpResponseMessage(HttpStatusCode.NoContent);
            return fails
                ? new HttpResponseMessage(HttpStatusCode.InternalServerError)
                : Json(JsonSerializer.Serialize(new ReleaseView(SignedEnvelope.Create(stranger, ReleaseManifest.SigningContext, "{}"u8.ToArray()).Encode(), ReleaseState.Live), ProtocolJson.Default.ReleaseView));
        }, () => looks);
        Assert.Equal(Looks, handler.Requests.Count(path => path == Protocol.Requests.Routes.LatestRelease("b")));
    }

    [Fact]
    public async Task A_failing_task_rests_for_the_idle_pause_however_often_the_others_have_their_turn()
    {
        var looks = 0;
        var handler = await RunAsync(request =>
        {
            if (IsList(request)) return Count(ref looks, List(TaskState.Open, "a", "b"));
            if (request.Method == HttpMethod.Post) return Busy(1000);
            return new HttpResponseMessage(request.RequestUri!.AbsolutePath.Contains("/b/", StringComparison.Ordinal) ? HttpStatusCode.NoContent : HttpStatusCode.InternalServerError);
        }, () => looks);
        Assert.Equal(Looks, handler.Requests.Count(path => path == Protocol.Requests.Routes.LatestRelease("b")));
        Assert.Equal(1, handler.Requests.Count(path => path == Protocol.Requests.Routes.LatestRelease("a")));
    }

    private async Task<AnsweringHandler> RunAsync(Func<HttpRequestMessage, HttpResponseMessage> answer, Func<int> looks, bool install = true)
    {
        var handler = new AnsweringHandler(request =>
        {
            if (looks() == Looks && IsList(request))
            {
                _stopping.Cancel();
                throw new OperationCanceledException(_stopping.Token);
            }

            return answer(request);
        });
        using var server = IdentityKey.Generate();
        var client = new FederatedClient(new FederatedClientOptions
        {
            Service = new AggregatorClient(new HttpClient(handler) { BaseAddress = new Uri("https://127.0.0.1:1") }, _identity, null, _time),
            Identity = _identity,
            Authority = new NoAuthority(),
            ServerKey = server.PublicKey.ToArray(),
            OperatorKeys = [_operator.PublicKey],
            Rounds = new VolatileRoundMemory(),
            Releases = new VolatileReleaseMemory(),
            Budget = _ => throw new NotSupportedException(),
            Admit = (_, _, _) => ValueTask.FromResult<string?>(null),
            Consent = (_, _) => ValueTask.FromResult<string?>(new string('0', 32)),
            Time = _time,
        });
        var worker = new FederatedWorker(client, _ => new Trainer(), install ? (_, _, _) => Task.CompletedTask : null, _time, Idle);
        await worker.RunAsync(null, _stopping.Token);
        return handler;
    }

    private static bool IsList(HttpRequestMessage request) => request.RequestUri!.AbsolutePath == Protocol.Requests.Routes.Tasks;

    private static HttpResponseMessage Count(ref int looks, HttpResponseMessage answer)
    {
        looks++;
        return answer;
    }

    private HttpResponseMessage List(TaskState state, params string[] names) => Json(JsonSerializer.Serialize(new TaskList([.. names.Select(name => new TaskSummary(
        name, state, SignedEnvelope.Create(_operator, TaskDefinition.SigningContext, JsonSerializer.SerializeToUtf8Bytes(FederationSample.Task() with { Name = name }, ProtocolJson.Default.TaskDefinition)).Encode(), 0))]),
        ProtocolJson.Default.TaskList));

    private static HttpResponseMessage Busy(long milliseconds) => Json(JsonSerializer.Serialize(
        new CheckInResponse(null, new CheckInRefusal(CheckInRefusalReason.NotRecruiting, "no round runs now"), new RetryWindow(milliseconds, milliseconds)), ProtocolJson.Default.CheckInResponse));

    private static HttpResponseMessage Json(string text) => new(HttpStatusCode.OK) { Content = new StringContent(text) };

    private sealed class NoAuthority : ICertificateValidator
    {
        public IMessageVerifier Validate(ReadOnlySpan<byte> certificate, DateTimeOffset now) => throw new NotSupportedException();
    }

    private sealed class Trainer : IFederatedTrainer
    {
        private static readonly TaskDefinition Sample = FederationSample.Task();

        public string BaseModelDigest => Sample.Adapter.BaseModelDigest;

        public string SchemaHash => Sample.Adapter.SchemaHash;

        public int Rank => 0;

        public Task<int> CountExamplesAsync(CancellationToken cancellationToken) => Task.FromResult(100);

        public Task<FederatedUpdate> TrainAsync(ReadOnlyMemory<float> start, LocalTrainingTerms terms, CancellationToken cancellationToken) => throw new NotSupportedException();
    }
}
