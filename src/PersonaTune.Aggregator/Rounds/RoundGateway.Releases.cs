using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using PersonaTune.Protocol.Problems;
using PersonaTune.Protocol.Releases;
using PersonaTune.Protocol.Rounds;
using PersonaTune.Protocol.Tasks;
using PersonaTune.Protocol.Wire;

namespace PersonaTune.Aggregator.Rounds;

internal sealed partial class RoundGateway
{
    /// <inheritdoc/>
    public async Task<ReleaseView?> GetLatestReleaseAsync(AuthenticatedRequest caller, string task, CancellationToken cancellationToken) =>
        await Database.ReadAsync(async transaction =>
        {
            var definition = await transaction.FirstOrDefaultAsync<string>("SELECT definition FROM task WHERE name = @task", new { task })
                ?? throw new RequestException(404, ProblemTypes.NotFound, $"there is no task '{task}'");
            var terms = JsonSerializer.Deserialize(definition, ProtocolJson.Default.TaskDefinition)!.Server;
            foreach (var release in await transaction.QueryAsync<ReleaseRow>(
                "SELECT number, envelope, state FROM adapter_release WHERE task = @task AND state IN ('canary', 'live') ORDER BY number DESC", new { task }))
            {
                if (release.State == ReleaseState.Live.Name() || IsCanary(caller, task, release.Number, terms)) return release.View();
            }

            return null;
        }, cancellationToken);

    /// <inheritdoc/>
    public Task<ReleaseView?> GetReleaseAsync(string task, int number, CancellationToken cancellationToken) => Database.ReadAsync(async transaction =>
        (await transaction.FirstOrDefaultAsync<ReleaseRow>("SELECT number, envelope, state FROM adapter_release WHERE task = @task AND number = @number", new { task, number }))?.View(),
        cancellationToken);

    /// <inheritdoc/>
    public Task<ReadOnlyMemory<byte>?> GetVectorAsync(string task, int number, CancellationToken cancellationToken) => Database.ReadAsync(async transaction =>
        await transaction.FirstOrDefaultAsync<byte[]>("SELECT vector FROM adapter_release WHERE task = @task AND number = @number", new { task, number }) is { } vector
            ? vector
            : (ReadOnlyMemory<byte>?)null, cancellationToken);

    /// <inheritdoc/>
    public Task<ActionOutcome<MessageReceipt>> SubmitVerdictAsync(
        AuthenticatedRequest caller, string task, int number, CanaryVerdict verdict, CancellationToken cancellationToken) =>
        Database.RunTransactionAsync("verdict", async (transaction, _) =>
        {
            if (await RequestLog.FindAsync(transaction, caller, ProtocolJson.Default.MessageReceipt) is { } stored) return new ActionOutcome<MessageReceipt>(stored, true);
            var state = await transaction.FirstOrDefaultAsync<string>("SELECT state FROM adapter_release WHERE task = @task AND number = @number", new { task, number })
                ?? throw new RequestException(404, ProblemTypes.NotFound, $"task '{task}' has no release {number}");
            if (state != ReleaseState.Canary.Name()) throw new RequestException(410, ProblemTypes.Gone, $"release {number} is {state}; verdicts are counted for canaries");
            var added = await transaction.ExecuteAsync(
                "INSERT INTO verdict (task, number, device, worse) VALUES (@task, @number, @device, @worse) ON CONFLICT (task, number, device) DO NOTHING",
                new { task, number, device = caller.Device.ToString(), worse = verdict.Worse ? 1 : 0 });
            var receipt = new MessageReceipt(added == 0);
            await RequestLog.StoreAsync(transaction, caller, receipt, ProtocolJson.Default.MessageReceipt, 2 * _context.Options.Freshness);
            transaction.Notify(TaskDriver.ChannelOf(task));
            return new ActionOutcome<MessageReceipt>(receipt, false);
        }, cancellationToken);

    // A uniform number of device and release: every release has canaries of its own.
    private static bool IsCanary(AuthenticatedRequest caller, string task, int number, ServerTerms terms)
    {
        var hash = SHA256.HashData(Encoding.UTF8.GetBytes($"canary/{task}/{number}/{caller.Device}"));
        return BinaryPrimitives.ReadUInt32BigEndian(hash) < terms.CanaryFraction * uint.MaxValue;
    }

    private sealed class ReleaseRow
    {
        public int Number { get; set; }

        public byte[] Envelope { get; set; } = [];

        public string State { get; set; } = string.Empty;

        public ReleaseView View() => new(Envelope, StateNames.Parse<ReleaseState>(State));
    }
}
