using System.Collections.Concurrent;
using System.Net.Http.Headers;
using System.Security.Cryptography;
using System.Text.Json;
using PersonaTune.Aggregator.Hosting;
using PersonaTune.Aggregator.Persistence;
using PersonaTune.Device.Federation;
using PersonaTune.Privacy.SecureAggregation.Rounds;
using PersonaTune.Privacy.Signing;
using PersonaTune.Protocol.Tasks;
using PersonaTune.Protocol.Wire;
using Xunit.Abstractions;

namespace PersonaTune.Aggregator.Tests.Faults;

/// <summary>
/// Nodes die by SIGKILL before and after the commits that change states and acknowledge messages, and come back, while devices run rounds through whichever node answers. In the end: no acknowledged report is
/// lost or counted twice, every release has its ledger entry and no abandoned round has one, and rounds complete.
/// </summary>
public sealed class KillTests(ITestOutputHelper output)
{
    private const int Devices = 6;

    public static TheoryData<DatabaseKind, int, int> Cases => PostgresServer.SkipReason is null
        ? new() { { DatabaseKind.Sqlite, 1, 50 }, { DatabaseKind.PostgreSql, 3, 60 } }
        : new() { { DatabaseKind.Sqlite, 1, 50 } };

    [Theory]
    [MemberData(nameof(Cases))]
    [Trait("Duration", "Long")]
    public async Task Nodes_may_be_killed_at_any_transition(DatabaseKind kind, int nodes, int kills)
    {
        await using var test = TestDatabase.Create(kind);
        var folder = Directory.CreateTempSubdirectory("personatune-kill-").FullName;
        var keys = ServiceFolder.Open(folder, create: true);
        var task = Task();
        var armed = false;
        NodeProcess[] running = [];
        running = [.. Enumerable.Range(0, nodes).Select(i => new NodeProcess($"node-{i}", folder, test.Options, 100 + i, () => armed && running.Sum(node => node.Kills) < kills))];
        using var handler = new AnyNodeHandler([.. running.Select(node => node.Address)]);
        using var http = new HttpClient(handler) { BaseAddress = running[0].Address, Timeout = TimeSpan.FromSeconds(60) };
        await WaitAsync(http);
        var operatorClient = http;
        operatorClient.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", keys.OperatorToken);
        var clients = new List<(FederatedClient Client, FixedTrainer Trainer, IDisposable[] Owned)>();
        for (var i = 0; i < Devices; i++) clients.Add(await ClientAsync(http, keys, i, task));
        using (var signer = keys.OperatorSigner())
        {
            using var content = new ByteArrayContent(SignedEnvelope.Create(signer, TaskDefinition.SigningContext, JsonSerializer.SerializeToUtf8Bytes(task, ProtocolJson.Default.TaskDefinition)).Encode());
            (await operatorClient.PostAsync("/v1/operator/tasks", content)).EnsureSuccessStatusCode();
        }

        armed = true;
        // The nodes are running unarmed; the first kill of each arms the rest of the chain.
        foreach (var node in running) node.Restart();
        using var deadline = new CancellationTokenSource(TimeSpan.FromMinutes(6));
        var completed = new ConcurrentDictionary<string, int>(StringComparer.Ordinal);
        await System.Threading.Tasks.Task.WhenAll(clients.Select(client => System.Threading.Tasks.Task.Run(() => LoopAsync(client.Client, client.Trainer, () => running.Sum(node => node.Kills) >= kills, completed, deadline.Token))));
        Assert.True(running.Sum(node => node.Kills) >= kills, $"{running.Sum(node => node.Kills)} kills");
        await using var database = await test.OpenAsync();
        await CheckAsync(database, task, clients.ConvertAll(client => client.Trainer), completed);
        output.WriteLine($"{running.Sum(node => node.Kills)} kills: {string.Join(", ", running.SelectMany(node => node.Points).GroupBy(point => point).OrderByDescending(group => group.Count()).Select(group => $"{group.Key} {group.Count()}"))}");
        foreach (var node in running) await node.DisposeAsync();
        foreach (var (_, _, owned) in clients) foreach (var thing in owned) thing.Dispose();
        Directory.Delete(folder, recursive: true);
    }

    private static TaskDefinition Task()
    {
        var task = TestTasks.Secure(Devices, minimum: 5, privacy: PrivacyKind.Distributed, rounds: 1000);
        return task with
        {
            Cohorts = task.Cohorts with { RecruitSeconds = 4, StageSeconds = 4, CollectSeconds = 4, MaximumAttempts = 1000, CorruptPpm = 0 },
            Privacy = new PrivacyTerms(PrivacyKind.Distributed, 0.01, NoiseLaw.Skellam, 1, 1e-5, 1e9, 1e9),
            Encoding = new EncodingTerms(1, 2000, 24, TestTasks.Hash('0')),
        };
    }

    private static async Task LoopAsync(FederatedClient client, FixedTrainer trainer, Func<bool> done, ConcurrentDictionary<string, int> completed, CancellationToken cancellationToken)
    {
        while (!done())
        {
            cancellationToken.ThrowIfCancellationRequested();
            try
            {
                var offered = (await client.ListTasksAsync(cancellationToken)).Single();
                var outcome = await client.RunOnceAsync(offered, trainer, cancellationToken);
                if (outcome.End == ParticipationEnd.Completed) completed.AddOrUpdate(trainer.Number.ToString(System.Globalization.CultureInfo.InvariantCulture), 1, (_, n) => n + 1);
                else if (outcome.End is ParticipationEnd.NoSeat) await System.Threading.Tasks.Task.Delay(30, cancellationToken);
            }
            catch (AggregatorException)
            {
                await System.Threading.Tasks.Task.Delay(100, cancellationToken);
            }
        }
    }

    private async Task CheckAsync(AggregatorDatabase database, TaskDefinition task, List<FixedTrainer> trainers, ConcurrentDictionary<string, int> completed)
    {
        var (releases, ledger, published, rounds) = await database.ReadAsync(async transaction => (
            await transaction.QueryAsync<Release>("SELECT number, round_id, vector FROM adapter_release ORDER BY number"),
            await transaction.ScalarAsync<int>("SELECT COUNT(*) FROM ledger_entry"),
            await transaction.QueryAsync<string>("SELECT id FROM round WHERE state = 'published' ORDER BY sequence"),
            await transaction.ScalarAsync<int>("SELECT COUNT(*) FROM round")));
        output.WriteLine($"{rounds} attempts, {published.Count} published, {completed.Values.Sum()} participations completed");
        Assert.NotEmpty(releases);
        Assert.Equal(published.Count, ledger);
        Assert.Equal(published, releases.Select(release => release.RoundId));
        var before = new float[task.Adapter.Dimension];
        foreach (var release in releases)
        {
            var seats = await database.ReadAsync(transaction => transaction.QueryAsync<Seat>(
                "SELECT device, state, contributes FROM participation WHERE round_id = @RoundId", new { release.RoundId }));
            // Whoever's report was acknowledged completely is in the sum, and nobody else.
            Assert.All(seats, seat => Assert.Equal(StateNames.Parse<Protocol.Rounds.ParticipationState>(seat.State) >= Protocol.Rounds.ParticipationState.Submitted, seat.Contributes == 1));
            var inSum = trainers.Where(trainer => seats.Any(seat => seat.Contributes == 1 && seat.Device == trainer.Device)).ToArray();
            Assert.Equal(seats.Count(seat => seat.Contributes == 1), inSum.Length);
            var vector = VectorEncoding.Decode(release.Vector, task.Adapter.Dimension);
            for (var i = 0; i < vector.Length; i++)
            {
                // A report that is missing or counted twice moves some coordinate by at least 0.9 / 6 / 6.
                var expected = before[i] + inSum.Average(trainer => trainer.Delta[i]);
                Assert.InRange(vector[i], expected - 0.01, expected + 0.01);
            }

            before = vector;
        }
    }

    private static async Task<(FederatedClient, FixedTrainer, IDisposable[])> ClientAsync(HttpClient http, ServiceFolder keys, int number, TaskDefinition task)
    {
        var options = new AggregatorClientOptions { MaximumRetries = 12, FirstPause = TimeSpan.FromMilliseconds(50), LongPoll = TimeSpan.FromSeconds(2) };
        var (identity, _) = await DeviceEnrolment.EnrolAsync(
            new AggregatorClient(http, null, options), "personatune-aggregator", ECDsa.Create(ECCurve.NamedCurves.nistP256), new TokenAttestationProvider(keys.EnrolmentToken!), CancellationToken.None);
        var authority = keys.Keys().Authority();
        var client = new FederatedClient(new FederatedClientOptions
        {
            Service = new AggregatorClient(http, identity, options),
            Identity = identity,
            Authority = authority,
            ServerKey = keys.Keys().ServerPublicKey,
            OperatorKeys = [keys.Keys().OperatorPublicKey],
            Rounds = new VolatileRoundMemory(),
            Releases = new VolatileReleaseMemory(),
            Budget = _ => new FreeBudget(),
            Admit = (_, _, _) => ValueTask.FromResult<string?>(null),
            Consent = (_, _) => ValueTask.FromResult<string?>(new string('0', 32)),
            CohortFloor = 4,
            MinimumCorruptPpm = 0,
        });
        return (client, new FixedTrainer(task, number, identity.Id.ToString()), [identity, authority]);
    }

    private static async Task WaitAsync(HttpClient http)
    {
        for (var i = 0; i < 300; i++)
        {
            try
            {
                if ((await http.GetAsync("/health/ready")).IsSuccessStatusCode) return;
            }
            catch (HttpRequestException)
            {
                await System.Threading.Tasks.Task.Delay(100);
            }
        }

        throw new TimeoutException("no node came up");
    }

    private sealed class FixedTrainer(TaskDefinition task, int number, string device) : IFederatedTrainer
    {
        public int Number => number;

        public string Device => device;

        public float[] Delta { get; } = [.. Enumerable.Range(0, task.Adapter.Dimension).Select(i => i == number ? 0.9f : 0)];

        public string BaseModelDigest => task.Adapter.BaseModelDigest;

        public string SchemaHash => task.Adapter.SchemaHash;

        public int Rank => 0;

        public Task<int> CountExamplesAsync(CancellationToken cancellationToken) => System.Threading.Tasks.Task.FromResult(10);

        public Task<FederatedUpdate> TrainAsync(ReadOnlyMemory<float> start, LocalTrainingTerms terms, CancellationToken cancellationToken) =>
            System.Threading.Tasks.Task.FromResult(new FederatedUpdate([.. Delta], 10));
    }

    private sealed class FreeBudget : IRoundBudget
    {
        public bool Covers(RoundConfiguration configuration) => true;

        public bool TrySpend(RoundConfiguration configuration, SessionId session) => true;
    }

    /// <summary>Sends each request to the next node, as a load balancer does.</summary>
    private sealed class AnyNodeHandler(Uri[] nodes) : DelegatingHandler(new SocketsHttpHandler { ConnectTimeout = TimeSpan.FromSeconds(2) })
    {
        private int _next;

        protected override Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
        {
            var node = nodes[(uint)Interlocked.Increment(ref _next) % nodes.Length];
            request.RequestUri = new Uri(node, request.RequestUri!.PathAndQuery);
            return base.SendAsync(request, cancellationToken);
        }
    }

    private sealed class Release
    {
        public int Number { get; set; }

        public string RoundId { get; set; } = string.Empty;

        public byte[] Vector { get; set; } = [];
    }

    private sealed class Seat
    {
        public string Device { get; set; } = string.Empty;

        public string State { get; set; } = string.Empty;

        public int Contributes { get; set; }
    }
}
