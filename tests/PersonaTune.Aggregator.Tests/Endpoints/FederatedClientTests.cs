using System.Net;
using System.Text.Json;
using PersonaTune.Device.Federation;
using PersonaTune.Privacy.SecureAggregation.Rounds;
using PersonaTune.Privacy.Signing;
using PersonaTune.Protocol.Operations;
using PersonaTune.Protocol.Rounds;
using PersonaTune.Protocol.Tasks;
using PersonaTune.Protocol.Wire;

namespace PersonaTune.Aggregator.Tests.Endpoints;

/// <summary>The production client against the production service over HTTP: whom it trusts, when it refuses, when it leaves.</summary>
public sealed class FederatedClientTests : IAsyncLifetime
{
    private static readonly TaskDefinition Task = TestTasks.Secure(4, minimum: 4, rounds: 2) with { Cohorts = TestTasks.Secure(4, minimum: 4).Cohorts with { RecruitSeconds = 3, StageSeconds = 3, CollectSeconds = 3, MaximumAttempts = 20 } };
    private TestService _service = null!;

    public async Task InitializeAsync()
    {
        _service = await TestService.StartAsync();
        using var created = await _service.CreateTaskAsync(_service.Sign(Task));
        created.EnsureSuccessStatusCode();
    }

    public async Task DisposeAsync() => await _service.DisposeAsync();

    [Fact]
    public async Task Four_clients_finish_two_rounds_and_verify_the_release_in_between()
    {
        var clients = new List<FederatedClient>();
        for (var i = 0; i < 4; i++) clients.Add(await ClientAsync());
        for (var round = 1; round <= 2; round++)
        {
            var outcomes = await System.Threading.Tasks.Task.WhenAll(clients.Select(client => JoinAsync(client)));
            Assert.All(outcomes, outcome => Assert.Equal((ParticipationEnd.Completed, round, true), (outcome.End, outcome.Round, outcome.Paid)));
        }

        var offered = (await clients[0].ListTasksAsync(CancellationToken.None)).Single();
        GlobalRelease? release = null;
        for (var i = 0; i < 100 && release is null; i++)
        {
            release = await clients[0].FetchReleaseAsync(offered, installed: 1, CancellationToken.None);
            await System.Threading.Tasks.Task.Delay(50);
        }

        Assert.Equal(2, release!.Manifest.Number);
        // Two rounds of the same update from everybody.
        Assert.All(release.Vector, value => Assert.Equal(0.2, value, 5e-3));
        Assert.Null(await clients[0].FetchReleaseAsync(offered, installed: 2, CancellationToken.None));
    }

    [Fact]
    public async Task Workers_come_again_when_they_are_asked_to_and_install_each_release_once()
    {
        using var stopping = new CancellationTokenSource(TimeSpan.FromSeconds(60));
        var (installed, completed) = (new System.Collections.Concurrent.ConcurrentBag<(int Worker, int Release)>(), 0);
        var workers = new List<Task>();
        for (var i = 0; i < 4; i++)
        {
            var number = i;
            var worker = new FederatedWorker(await ClientAsync(), _ => new Trainer(), (_, release, _) =>
            {
                installed.Add((number, release.Manifest.Number));
                if (installed.Count(item => item.Release == 2) == 4) stopping.Cancel();
                return System.Threading.Tasks.Task.CompletedTask;
            }, TimeProvider.System, TimeSpan.FromMilliseconds(200));
            workers.Add(worker.RunAsync(new Immediate(outcome => completed += outcome.End == ParticipationEnd.Completed ? 1 : 0), stopping.Token));
        }

        await System.Threading.Tasks.Task.WhenAll(workers);
        Assert.Equal(installed.Distinct().Count(), installed.Count);
        Assert.Equal(4, installed.Count(item => item.Release == 2));
        Assert.True(completed >= 8, $"{completed} participations");
    }

    [Fact]
    public async Task A_task_of_an_operator_that_is_not_pinned_is_not_offered()
    {
        using var stranger = EcdsaEnvelopeSigner.Generate();
        Assert.Empty(await (await ClientAsync(operatorKey: stranger.PublicKey)).ListTasksAsync(CancellationToken.None));
    }

    [Fact]
    public async Task A_users_limits_keep_the_device_from_asking_for_a_seat()
    {
        var client = await ClientAsync(admit: (_, _, _) => ValueTask.FromResult<string?>("the rounds may cost too much"));
        var outcome = await client.RunOnceAsync((await client.ListTasksAsync(CancellationToken.None)).Single(), new Trainer(), CancellationToken.None);
        Assert.Equal((ParticipationEnd.NotOffered, "the rounds may cost too much", false), (outcome.End, outcome.Reason, outcome.Paid));
        Assert.Equal(ParticipationEnd.NotOffered, (await (await ClientAsync(floor: 32)).RunOnceAsync((await client.ListTasksAsync(CancellationToken.None)).Single(), new Trainer(), CancellationToken.None)).End);
        Assert.Equal(ParticipationEnd.NotOffered, (await (await ClientAsync(privacy: true)).RunOnceAsync((await client.ListTasksAsync(CancellationToken.None)).Single(), new Trainer(), CancellationToken.None)).End);
    }

    /// <summary>The consent ends while the device trains, and while it is about to upload.</summary>
    [Theory]
    [InlineData(2)]
    [InlineData(3)]
    public async Task A_withdrawn_consent_ends_the_participation_before_anything_is_uploaded_or_paid(int asked)
    {
        var times = 0;
        var client = await ClientAsync(admit: (_, _, _) => ValueTask.FromResult(Interlocked.Increment(ref times) >= asked ? "the consent was withdrawn" : null));
        var others = new List<FederatedClient>();
        for (var i = 0; i < 3; i++) others.Add(await ClientAsync());
        var waiting = others.Select(other => JoinAsync(other)).ToArray();
        var outcome = await JoinAsync(client);
        Assert.Equal((ParticipationEnd.Left, false), (outcome.End, outcome.Paid));
        Assert.Contains("withdrawn", outcome.Reason, StringComparison.Ordinal);
        await System.Threading.Tasks.Task.WhenAll(waiting);
        IReadOnlyList<RoundView> history = [];
        for (var i = 0; i < 200 && history.Count == 0; i++)
        {
            history = JsonSerializer.Deserialize(await _service.Http.GetByteArrayAsync("/v1/operator/dashboard"), ProtocolJson.Default.DashboardView)!.Tasks[0].History;
            await System.Threading.Tasks.Task.Delay(50);
        }

        Assert.Contains(history[0].Dropped, drop => drop.Reason == DropReason.Left);
    }

    [Fact]
    public async Task A_release_that_was_altered_on_its_way_is_refused_and_the_device_leaves()
    {
        var clients = new List<FederatedClient>();
        for (var i = 0; i < 4; i++) clients.Add(await ClientAsync());
        await System.Threading.Tasks.Task.WhenAll(clients.Select(client => JoinAsync(client)));
        var victim = await ClientAsync(handler: new AlteringHandler("/vector"));
        var outcome = await JoinAsync(victim, round: 2);
        Assert.Equal((ParticipationEnd.Refused, false), (outcome.End, outcome.Paid));
        Assert.Contains("not the one that the operator signed", outcome.Reason, StringComparison.Ordinal);
    }

    /// <summary>A full disk: what cannot be recorded is not paid for and not uploaded.</summary>
    [Fact]
    public async Task A_record_that_cannot_be_written_ends_the_participation_before_it_is_paid_for()
    {
        var (log, budget) = (new FullLog(), new Budget());
        var others = new List<FederatedClient>();
        for (var i = 0; i < 3; i++) others.Add(await ClientAsync());
        var waiting = others.Select(other => JoinAsync(other)).ToArray();
        var client = await ClientAsync(log: log, budget: budget);
        var error = await Assert.ThrowsAsync<IOException>(() => JoinAsync(client));
        Assert.Equal("no space left", error.Message);
        Assert.Equal(0, budget.Spends);
        Assert.Equal(ParticipationStatus.Failed, log.Last!.Status);
        Assert.Equal("device-error", log.Last.Reason);
        Assert.All(await System.Threading.Tasks.Task.WhenAll(waiting), outcome => Assert.Equal(ParticipationEnd.Dropped, outcome.End));
    }

    /// <summary>A report of two chunks whose second one does not get through until the client has given it up once.</summary>
    [Fact]
    public async Task An_upload_that_broke_off_goes_on_with_the_chunks_that_are_missing()
    {
        var task = Task with { Name = "large", Rounds = 1, Adapter = Task.Adapter with { Dimension = 300_000 }, Encoding = Task.Encoding with { Bits = 32 } };
        using var created = await _service.CreateTaskAsync(_service.Sign(task));
        created.EnsureSuccessStatusCode();
        var breaking = new BreakingHandler(failures: 3);
        var clients = new List<FederatedClient> { await ClientAsync(handler: breaking, retries: 2) };
        for (var i = 0; i < 3; i++) clients.Add(await ClientAsync());
        var outcomes = await System.Threading.Tasks.Task.WhenAll(clients.Select(async client =>
        {
            while (true)
            {
                var offered = (await client.ListTasksAsync(CancellationToken.None)).Single(offer => offer.Task.Name == "large");
                var outcome = await client.RunOnceAsync(offered, new Trainer(), CancellationToken.None);
                if (outcome.End != ParticipationEnd.NoSeat) return outcome;
                await System.Threading.Tasks.Task.Delay(50);
            }
        }));
        Assert.All(outcomes, outcome => Assert.Equal(ParticipationEnd.Completed, outcome.End));
        Assert.Equal(0, breaking.Left);
        Assert.True(breaking.AskedWhatIsMissing);
    }

    private static async Task<ParticipationOutcome> JoinAsync(FederatedClient client, int round = 0)
    {
        while (true)
        {
            var offered = (await client.ListTasksAsync(CancellationToken.None)).Single(offer => offer.Task.Name == Task.Name);
            var outcome = await client.RunOnceAsync(offered, new Trainer(), CancellationToken.None);
            if (outcome.End != ParticipationEnd.NoSeat && outcome.Round >= round) return outcome;
            await System.Threading.Tasks.Task.Delay(50);
        }
    }

    private async Task<FederatedClient> ClientAsync(
        Func<TaskDefinition, int, CancellationToken, ValueTask<string?>>? admit = null, int floor = 4, bool privacy = false, ReadOnlyMemory<byte>? operatorKey = null, HttpMessageHandler? handler = null,
        int retries = 4, IParticipationLog? log = null, Budget? budget = null)
    {
        var identity = await _service.EnrolAsync();
        var keys = _service.Keys.Keys();
        var http = new HttpClient(handler ?? new SocketsHttpHandler()) { BaseAddress = _service.Http.BaseAddress };
        return new FederatedClient(new FederatedClientOptions
        {
            Service = new AggregatorClient(http, identity, new AggregatorClientOptions { MaximumRetries = retries, FirstPause = TimeSpan.FromMilliseconds(20) }),
            Identity = identity,
            Authority = keys.Authority(),
            ServerKey = keys.ServerPublicKey,
            OperatorKeys = [operatorKey ?? keys.OperatorPublicKey],
            Rounds = new VolatileRoundMemory(),
            Releases = new VolatileReleaseMemory(),
            Budget = _ => budget ?? new Budget(),
            Participations = log,
            Admit = admit ?? ((_, _, _) => ValueTask.FromResult<string?>(null)),
            Consent = (_, _) => ValueTask.FromResult<string?>(new string('0', 32)),
            CohortFloor = floor,
            RequirePrivacy = privacy,
        });
    }

    private sealed class Immediate(Action<ParticipationOutcome> report) : IProgress<ParticipationOutcome>
    {
        private static readonly Lock Gate = new();

        public void Report(ParticipationOutcome value)
        {
            lock (Gate) report(value);
        }
    }

    private sealed class Trainer : IFederatedTrainer
    {
        public string BaseModelDigest => Task.Adapter.BaseModelDigest;

        public string SchemaHash => Task.Adapter.SchemaHash;

        public int Rank => 0;

        public Task<int> CountExamplesAsync(CancellationToken cancellationToken) => System.Threading.Tasks.Task.FromResult(10);

        public Task<FederatedUpdate> TrainAsync(ReadOnlyMemory<float> start, LocalTrainingTerms terms, CancellationToken cancellationToken) =>
            System.Threading.Tasks.Task.FromResult(new FederatedUpdate([.. Enumerable.Repeat(0.1f, start.Length)], 10));
    }

    private sealed class Budget : IRoundBudget
    {
        public bool Covers(RoundConfiguration configuration) => true;

        public bool TrySpend(RoundConfiguration configuration, SessionId session) => ++Spends > 0;

        public int Spends { get; private set; }
    }

    /// <summary>Has no room for a charge.</summary>
    private sealed class FullLog : IParticipationLog
    {
        public ParticipationRecord? Last { get; private set; }

        public void Save(ParticipationRecord record) =>
            Last = record is { Epsilon: > 0, Ended: null } ? throw new IOException("no space left") : record;

        public Task<IReadOnlyList<ParticipationRecord>> ListAsync(CancellationToken cancellationToken = default) => throw new NotSupportedException();
    }

    /// <summary>Loses the connection at the second large body, some times.</summary>
    private sealed class BreakingHandler(int failures) : DelegatingHandler(new SocketsHttpHandler())
    {
        private int _large;

        public int Left { get; private set; } = failures;

        public bool AskedWhatIsMissing { get; private set; }

        protected override Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
        {
            AskedWhatIsMissing |= request.RequestUri!.AbsolutePath.EndsWith("/missing", StringComparison.Ordinal);
            if (request.Content?.Headers.ContentLength > 1 << 20 && ++_large > 1 && Left > 0)
            {
                Left--;
                throw new HttpRequestException("the connection is gone");
            }

            return base.SendAsync(request, cancellationToken);
        }
    }

    private sealed class AlteringHandler(string ending) : DelegatingHandler(new SocketsHttpHandler())
    {
        protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
        {
            var response = await base.SendAsync(request, cancellationToken);
            if (!request.RequestUri!.AbsolutePath.EndsWith(ending, StringComparison.Ordinal) || response.StatusCode != HttpStatusCode.OK) return response;
            var body = await response.Content.ReadAsByteArrayAsync(cancellationToken);
            body[^1] ^= 1;
            response.Content = new ByteArrayContent(body);
            return response;
        }
    }
}
