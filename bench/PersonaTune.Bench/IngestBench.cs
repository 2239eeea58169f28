using System.Diagnostics;
using System.Globalization;
using System.Security.Cryptography;
using System.Text.Json;
using PersonaTune.Aggregator;
using PersonaTune.Aggregator.Persistence;
using PersonaTune.Aggregator.Rounds;
using PersonaTune.Aggregator.Tasks;
using PersonaTune.Privacy.SecureAggregation.Identity;
using PersonaTune.Privacy.SecureAggregation.Messages;
using PersonaTune.Privacy.SecureAggregation.Rounds;
using PersonaTune.Privacy.Signing;
using PersonaTune.Protocol.Rounds;
using PersonaTune.Protocol.Tasks;
using PersonaTune.Protocol.Wire;

namespace PersonaTune.Bench;

/// <summary>
/// Plain reports into the aggregator's database through its gateway, durable before they are acknowledged, and the sum of them: reports a second, megabytes a second, memory. The
/// network is left out.
/// </summary>
internal static class IngestBench
{
    public static int Run(string[] args)
    {
        string? Option(string name) => Array.IndexOf(args, name) is var at and >= 0 && at + 1 < args.Length ? args[at + 1] : null;
        int Number(string name, int otherwise) => Option(name) is { } text ? int.Parse(text, CultureInfo.InvariantCulture) : otherwise;
        RunAsync(Number("--devices", 1000), Number("--bytes", 102_400), Option("--postgres"), Number("--parallel", 64)).GetAwaiter().GetResult();
        return 0;
    }

    private static async Task RunAsync(int devices, int bytes, string? postgres, int parallel)
    {
        var folder = Directory.CreateTempSubdirectory("personatune-ingest-").FullName;
        var options = postgres is null
            ? new DatabaseOptions { Connection = Path.Combine(folder, "aggregator.db") }
            : new DatabaseOptions { Kind = DatabaseKind.PostgreSql, Connection = postgres };
        await using (var database = await AggregatorDatabase.OpenAsync(options, TimeProvider.System))
        {
            using var server = ECDsa.Create(ECCurve.NamedCurves.nistP256);
            using var operatorKey = ECDsa.Create(ECCurve.NamedCurves.nistP256);
            var keys = new AggregatorKeys(server.ExportPkcs8PrivateKey(), operatorKey.ExportPkcs8PrivateKey(), Authority());
            var context = new AggregatorContext(database, new AggregatorOptions { PollSeconds = 0.05 }, keys, new NoFaultPoints(), new NoEvaluator(), TimeProvider.System);
            await using var gateway = new RoundGateway(context);
            var administration = new TaskAdministration(context);
            using var worker = new RoundWorker(context, Microsoft.Extensions.Logging.Abstractions.NullLogger<RoundWorker>.Instance);
            await worker.StartAsync(CancellationToken.None);
            await MeasureAsync(context, gateway, administration, keys, devices, bytes, parallel, postgres is null ? "SQLite" : "PostgreSQL");
            await worker.StopAsync(CancellationToken.None);
        }

        Directory.Delete(folder, recursive: true);
    }

    private static async Task MeasureAsync(
        AggregatorContext context, RoundGateway gateway, TaskAdministration administration, AggregatorKeys keys, int devices, int bytes, int parallel, string name)
    {
        var task = Define(devices, bytes / 4);
        using var signer = keys.OperatorSigner();
        var envelope = SignedEnvelope.Create(signer, TaskDefinition.SigningContext, JsonSerializer.SerializeToUtf8Bytes(task, ProtocolJson.Default.TaskDefinition)).Encode();
        await administration.CreateAsync(envelope, CancellationToken.None);
        var digest = Convert.ToHexStringLower(SHA256.HashData(envelope));
        using var identity = IdentityKey.Generate();
        var callers = Enumerable.Range(0, devices).Select(_ => DeviceId.Read(RandomNumberGenerator.GetBytes(DeviceId.Length))).ToArray();
        AuthenticatedRequest Caller(int device) => new(
            callers[device], null!, Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(16)), new byte[32], RandomNumberGenerator.GetBytes(32));
        var seats = new Assignment[devices];
        var request = new CheckInRequest(task.Adapter.BaseModelDigest, task.Adapter.SchemaHash, 0, digest, new string('0', 32), "bench");
        var seating = Stopwatch.StartNew();
        // The round has begun once the first device has a seat.
        for (CheckInResponse answer; seats[0] is null; await Task.Delay(10))
            if ((answer = (await gateway.CheckInAsync(Caller(0), task.Name, request, CancellationToken.None)).Value).Assignment is { } seat) seats[0] = seat;
        seating.Restart();
        await Parallel.ForAsync(1, devices, new ParallelOptions { MaxDegreeOfParallelism = parallel }, async (device, ct) =>
            seats[device] = (await gateway.CheckInAsync(Caller(device), task.Name, request, ct)).Value.Assignment!);
        var checkIns = (devices - 1) / seating.Elapsed.TotalSeconds;
        var configuration = RoundConfiguration.Decode(seats[0].Offer.Span);
        var packed = new byte[configuration.PackedLength];
        for (var i = 0; i < packed.Length; i += 4) packed[i] = 1;
        var chunks = DeviceMessage.Chunks(configuration);
        var upload = Stopwatch.StartNew();
        await Parallel.ForAsync(0, devices, new ParallelOptions { MaxDegreeOfParallelism = parallel }, async (device, ct) =>
        {
            for (var chunk = 0; chunk < chunks; chunk++)
                await gateway.SubmitReportAsync(Caller(device), seats[device].Cohort, chunk, packed.AsMemory(DeviceMessage.Chunk(configuration, chunk)), ct);
        });
        var uploaded = upload.Elapsed;
        while (await gateway.GetVectorAsync(task.Name, 1, CancellationToken.None) is null) await Task.Delay(5);
        var released = upload.Elapsed;
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture,
            $"{name,-10} {devices,5} reports of {packed.Length / 1024.0,6:F0} KiB, {parallel} at once: {devices / uploaded.TotalSeconds,7:F0} reports/s, {devices * (double)packed.Length / uploaded.TotalSeconds / 1e6,6:F0} MB/s; check-ins {checkIns:F0}/s; released {released.TotalSeconds - uploaded.TotalSeconds:F2} s later; peak RSS {Process.GetCurrentProcess().PeakWorkingSet64 >> 20} MiB"));
    }

    private static TaskDefinition Define(int devices, int dimension)
    {
        var hash = new string('a', 64);
        return new TaskDefinition(
            $"bench-{Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(4))}", "Bench.", 1, DateTimeOffset.UnixEpoch, DateTimeOffset.UnixEpoch.AddYears(200), new AdapterTerms("bench", hash, hash, dimension),
            new LocalTrainingTerms(1, 0, 1, 1), AggregationKind.Plain, new CohortTerms(devices, devices, 3, OverSelection: 1, RecruitSeconds: 3000, StageSeconds: 3000, CollectSeconds: 3000, CorruptPpm: 0, DropoutPpm: 0),
            new EncodingTerms(1, 1000, 32, hash), new PrivacyTerms(PrivacyKind.None, 0, NoiseLaw.DiscreteGaussian, 1, 1e-5, 1, 0), new ServerTerms());
    }

    private static byte[] Authority()
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new System.Security.Cryptography.X509Certificates.CertificateRequest("CN=bench", key, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new System.Security.Cryptography.X509Certificates.X509BasicConstraintsExtension(true, false, 0, true));
        using var certificate = request.CreateSelfSigned(DateTimeOffset.UnixEpoch, DateTimeOffset.UnixEpoch.AddYears(200));
        return certificate.RawData;
    }
}
