using System.Security.Cryptography;
using PersonaTune.Aggregator.Aggregation;
using PersonaTune.Aggregator.Rounds;
using PersonaTune.Privacy.SecureAggregation.Identity;
using PersonaTune.Privacy.SecureAggregation.Rounds;
using PersonaTune.Privacy.SecureAggregation.SingleServer;
using PersonaTune.Protocol.Rounds;
using PersonaTune.Protocol.Tasks;

namespace PersonaTune.Aggregator.Tests;

/// <summary>A device that speaks to the gateway directly.</summary>
internal sealed class TestDevice(TestKeys keys, TaskDefinition task, string taskDigest, float[] update) : IDisposable
{
    private readonly IdentityKey _identity = keys.Device();
    private readonly VolatileRoundMemory _memory = new();

    /// <summary>What was encoded for the last round, before noise.</summary>
    public int[] Encoded { get; private set; } = [];

    public IdentityKey Identity => _identity;

    public AuthenticatedRequest Request(byte[]? digest = null, string? key = null) => new(
        _identity.Id, new VerificationKey(_identity.PublicKey), key ?? Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(16)), digest ?? new byte[32],
        RandomNumberGenerator.GetBytes(32));

    public Task<ActionOutcome<CheckInResponse>> CheckInAsync(IRoundGateway gateway, int rank = 0) => gateway.CheckInAsync(
        Request(), task.Name, new CheckInRequest(task.Adapter.BaseModelDigest, task.Adapter.SchemaHash, rank, taskDigest, new string('0', 32), "test"), CancellationToken.None);

    public DeviceRound Round() => new(
        new DevicePolicy
        {
            Certificates = keys.Keys.Authority(),
            Server = new VerificationKey(keys.Keys.ServerPublicKey.Span),
            Budget = new FreeBudget(),
            Noise = new MechanismNoise(),
            RequireNoise = false,
            CohortFloor = task.Cohorts.MinimumCohort,
        }, _identity, _memory, new RecordingReport(this, new EncodedReport(update, TaskEncoding.Options(task), Convert.FromHexString(task.Adapter.BaseModelDigest), Convert.FromHexString(task.Adapter.SchemaHash))));

    /// <summary>Takes part until the end, or until <paramref name="stopBefore"/> would be answered.</summary>
    public async Task<string?> TakePartAsync(Func<IRoundGateway> gateway, Assignment assignment, int stopBefore = int.MaxValue)
    {
        using var round = Round();
        var (message, after) = (assignment.Offer, 1);
        while (true)
        {
            if (after >= stopBefore) return "stopped";
            foreach (var answer in round.Receive(message, TimeProvider.System.GetUtcNow())) await gateway().SubmitAsync(Request(), assignment.Cohort, answer, CancellationToken.None);
            if (round.Stage == DeviceStage.Finished) return null;
            NextMessage next;
            do next = await gateway().NextAsync(Request(key: string.Empty), assignment.Cohort, after, TimeSpan.FromSeconds(5), CancellationToken.None);
            while (next.Bytes.IsEmpty && next.Ended is null);
            if (next.Ended is not null) return next.Ended;
            (message, after) = (next.Bytes, next.Bytes.Span[5]);
        }
    }

    public void Dispose() => _identity.Dispose();

    private sealed class RecordingReport(TestDevice device, EncodedReport report) : IRoundReport
    {
        public ReadOnlyMemory<byte> ModelHash => report.ModelHash;

        public ReadOnlyMemory<byte> AdapterSchemaHash => report.AdapterSchemaHash;

        public void Encode(RoundConfiguration configuration, Span<int> values)
        {
            report.Encode(configuration, values);
            device.Encoded = values.ToArray();
        }
    }

    private sealed class FreeBudget : IRoundBudget
    {
        public bool Covers(RoundConfiguration configuration) => true;

        public bool TrySpend(RoundConfiguration configuration, SessionId session) => true;
    }
}
