using System.ComponentModel.DataAnnotations;
using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using PersonaTune.Device.Consent;
using PersonaTune.Device.Federation;
using PersonaTune.Protocol.Tasks;

namespace PersonaTune.Aggregator.Tests.Endpoints;

/// <summary>The client that a container builds, against the production service: in plain HTTP and over TLS with HTTP/2, and what its user can see afterwards.</summary>
public sealed class ContainerClientTests
{
    private const int Devices = 4;

    private static readonly TaskDefinition Definition = TestTasks.Secure(Devices, minimum: Devices, privacy: PrivacyKind.Distributed, rounds: 2) with
    {
        Cohorts = TestTasks.Secure(Devices, minimum: Devices).Cohorts with { RecruitSeconds = 3, StageSeconds = 3, CollectSeconds = 3, MaximumAttempts = 20 },
    };

    [Fact]
    public async Task Container_built_clients_complete_a_round_and_their_users_see_it_after_a_restart_and_after_forgetting()
    {
        await using var service = await StartAsync();
        var devices = Enumerable.Range(0, Devices).Select(_ => new ContainerDevice(service)).ToArray();
        try
        {
            var receipts = await Task.WhenAll(devices.Select(device => device.ConsentAsync()));
            var outcomes = await Task.WhenAll(devices.Select(device => JoinAsync(device)));
            Assert.All(outcomes, outcome => Assert.Equal((ParticipationEnd.Completed, 1, true), (outcome.End, outcome.Round, outcome.Paid)));

            var before = await ContributedAsync(devices[0]);
            await devices[0].RestartAsync();
            var after = await ContributedAsync(devices[0]);
            Assert.Equal(before, after);
            Assert.Equal((Definition.Name, 1, receipts[0].Id.ToString(), null), (after.Task, after.Round, after.ConsentReceipt, after.Reason));
            Assert.Equal(TaskCost.RoundEpsilon(Definition), after.Epsilon);
            Assert.Equal(Definition.Privacy.Delta, after.Delta);
            Assert.True(after.Ended >= after.Started);

            // One charge, and on its own it costs what the record says.
            var budget = await devices[0].Source.GetBudgetAsync();
            Assert.Equal((1, after.Epsilon), (budget.Spends, budget.EpsilonTotal));
            Assert.Equal(0, await devices[0].Store.ForgetAsync("nobody"));
            Assert.True(await devices[0].Store.ForgetAsync("user") > 0);
            Assert.Equal(after, await ContributedAsync(devices[0]));
            Assert.Equal(1, (await devices[0].Source.GetBudgetAsync()).Spends);
        }
        finally
        {
            foreach (var device in devices) await device.DisposeAsync();
        }
    }

    [Fact]
    public async Task A_round_goes_over_TLS_with_HTTP_2_and_a_pinned_certificate_and_an_unknown_certificate_is_refused()
    {
        using var certificate = SelfSigned();
        using var other = SelfSigned();
        await using var service = await StartAsync(certificate);
        var versions = new System.Collections.Concurrent.ConcurrentDictionary<Version, int>();
        var devices = Enumerable.Range(0, Devices).Select(_ => new ContainerDevice(service, () => new RecordingHandler(Pinning(certificate), versions))).ToArray();
        await using var deceived = new ContainerDevice(service, () => Pinning(other));
        await using var trusting = new ContainerDevice(service);
        try
        {
            await Task.WhenAll(devices.Select(device => device.ConsentAsync()));
            var outcomes = await Task.WhenAll(devices.Select(device => JoinAsync(device)));
            Assert.All(outcomes, outcome => Assert.Equal((ParticipationEnd.Completed, 1, true), (outcome.End, outcome.Round, outcome.Paid)));
            Assert.Equal([HttpVersion.Version20], versions.Keys);
            Assert.Equal("https", service.Http.BaseAddress!.Scheme);
            Assert.Equal(0, (await Assert.ThrowsAsync<AggregatorException>(() => deceived.Source.GetAsync())).Status);
            Assert.Equal(0, (await Assert.ThrowsAsync<AggregatorException>(() => trusting.Source.GetAsync())).Status);
        }
        finally
        {
            foreach (var device in devices) await device.DisposeAsync();
        }
    }

    [Fact]
    public async Task Without_consent_nothing_is_asked_and_nothing_recorded_and_a_withdrawal_in_training_is_recorded_as_such()
    {
        await using var service = await StartAsync();
        await using var device = new ContainerDevice(service);
        var client = await device.Source.GetAsync();
        var offered = (await client.ListTasksAsync(CancellationToken.None)).Single();
        var outcome = await client.RunOnceAsync(offered, new FixedTrainer(Definition), CancellationToken.None);
        Assert.Equal(ParticipationEnd.NotOffered, outcome.End);
        Assert.Contains("consent", outcome.Reason, StringComparison.Ordinal);
        Assert.Empty(await device.Source.ListParticipationsAsync());

        var receipt = await device.ConsentAsync();
        outcome = await JoinAsync(device, () => device.Consents.WithdrawAsync("user", ConsentPurpose.FederatedLearning, "messages"));
        Assert.Equal((ParticipationEnd.Left, false), (outcome.End, outcome.Paid));
        await device.RestartAsync();
        var record = (await device.Source.ListParticipationsAsync())[^1];
        Assert.Equal((ParticipationStatus.Withdrawn, "consent-ended", 0d, receipt.Id.ToString()), (record.Status, record.Reason, record.Epsilon, record.ConsentReceipt));
        Assert.Equal(0, (await device.Source.GetBudgetAsync()).Spends);
    }

    /// <summary>A certificate lasts 72 hours and is renewed 12 hours before its end; while the authority does not answer, the old one serves to its end.</summary>
    [Fact]
    public async Task A_certificate_is_renewed_in_time_and_the_old_one_serves_while_the_authority_is_away()
    {
        var time = new OffsetTime();
        await using var service = await StartAsync();
        var gate = new GateHandler();
        await using var device = new ContainerDevice(service, () => gate, time);
        var first = await device.Source.GetAsync();
        Assert.Same(first, await device.Source.GetAsync());
        Assert.Equal(1, gate.Enrolments);

        (time.Offset, gate.Closed) = (TimeSpan.FromHours(65), true);
        var second = await device.Source.GetAsync();
        Assert.NotSame(first, second);
        Assert.Same(second, await device.Source.GetAsync()); // tried again later, not at once
        time.Offset = TimeSpan.FromHours(73);
        await Assert.ThrowsAsync<AggregatorException>(() => device.Source.GetAsync());
        (time.Offset, gate.Closed) = (TimeSpan.FromHours(66), false);
        Assert.NotSame(second, await device.Source.GetAsync());
        Assert.Equal(2, gate.Enrolments);
    }

    [Fact]
    public async Task An_https_address_without_a_certificate_stops_the_start_and_is_named()
    {
        var error = await Assert.ThrowsAsync<ValidationException>(() => TestService.StartAsync(options => options.Urls = "https://127.0.0.1:0"));
        Assert.Contains("https://127.0.0.1:0", error.Message, StringComparison.Ordinal);
        Assert.Contains("Service:Certificate", error.Message, StringComparison.Ordinal);
    }

    private static async Task<ParticipationRecord> ContributedAsync(ContainerDevice device) =>
        (await device.Source.ListParticipationsAsync()).Single(record => record.Status == ParticipationStatus.Contributed);

    private static async Task<TestService> StartAsync(X509Certificate2? certificate = null)
    {
        var service = await TestService.StartAsync(
            options =>
            {
                if (certificate is not null) (options.Urls, options.Certificate) = ("https://127.0.0.1:0", certificate);
            },
            certificate is null ? null : Pinning(certificate));
        using var created = await service.CreateTaskAsync(service.Sign(Definition));
        created.EnsureSuccessStatusCode();
        return service;
    }

    private static async Task<ParticipationOutcome> JoinAsync(ContainerDevice device, Func<Task>? whileTraining = null)
    {
        while (true)
        {
            var client = await device.Source.GetAsync();
            var offered = (await client.ListTasksAsync(CancellationToken.None)).Single();
            var outcome = await client.RunOnceAsync(offered, new Trainer(whileTraining), CancellationToken.None);
            if (outcome.End is not (ParticipationEnd.NoSeat or ParticipationEnd.Dropped)) return outcome;
            await Task.Delay(50);
        }
    }

    private static SocketsHttpHandler Pinning(X509Certificate2 pinned)
    {
        var digest = SHA256.HashData(pinned.RawData);
        var handler = new SocketsHttpHandler { AllowAutoRedirect = false };
        handler.SslOptions.RemoteCertificateValidationCallback = (_, presented, _, _) =>
            presented is not null && CryptographicOperations.FixedTimeEquals(SHA256.HashData(presented.GetRawCertData()), digest);
        return handler;
    }

    private static X509Certificate2 SelfSigned()
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest("CN=127.0.0.1", key, HashAlgorithmName.SHA256);
        var names = new SubjectAlternativeNameBuilder();
        names.AddIpAddress(IPAddress.Loopback);
        request.CertificateExtensions.Add(names.Build());
        using var certificate = request.CreateSelfSigned(DateTimeOffset.UnixEpoch, DateTimeOffset.UnixEpoch.AddYears(100));
        return X509CertificateLoader.LoadPkcs12(certificate.Export(X509ContentType.Pkcs12), null);
    }

    private sealed class Trainer(Func<Task>? whileTraining) : IFederatedTrainer
    {
        private readonly FixedTrainer _inner = new(Definition);

        public string BaseModelDigest => _inner.BaseModelDigest;

        public string SchemaHash => _inner.SchemaHash;

        public int Rank => 0;

        public Task<int> CountExamplesAsync(CancellationToken cancellationToken) => _inner.CountExamplesAsync(cancellationToken);

        public async Task<FederatedUpdate> TrainAsync(ReadOnlyMemory<float> start, LocalTrainingTerms terms, CancellationToken cancellationToken)
        {
            if (whileTraining is not null) await whileTraining();
            return await _inner.TrainAsync(start, terms, cancellationToken);
        }
    }

    private sealed class RecordingHandler(HttpMessageHandler inner, System.Collections.Concurrent.ConcurrentDictionary<Version, int> versions) : DelegatingHandler(inner)
    {
        protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
        {
            var response = await base.SendAsync(request, cancellationToken);
            versions.AddOrUpdate(response.Version, 1, (_, count) => count + 1);
            return response;
        }
    }

    /// <summary>Loses every connection while it is closed.</summary>
    private sealed class GateHandler() : DelegatingHandler(new SocketsHttpHandler())
    {
        public bool Closed { get; set; }

        public int Enrolments { get; private set; }

        protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
        {
            if (Closed) throw new HttpRequestException("the connection is gone");
            var response = await base.SendAsync(request, cancellationToken);
            if (request.Method == HttpMethod.Post && response.IsSuccessStatusCode) Enrolments++;
            return response;
        }
    }

    private sealed class OffsetTime : TimeProvider
    {
        public TimeSpan Offset { get; set; }

        public override DateTimeOffset GetUtcNow() => System.GetUtcNow() + Offset;
    }
}
