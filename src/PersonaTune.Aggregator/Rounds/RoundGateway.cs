using System.Security.Cryptography;
using PersonaTune.Aggregator.Persistence;
using PersonaTune.Privacy.SecureAggregation;
using PersonaTune.Privacy.SecureAggregation.Messages;
using PersonaTune.Protocol.Problems;
using PersonaTune.Protocol.Rounds;
using PersonaTune.Protocol.Tasks;
using PersonaTune.Protocol.Wire;

namespace PersonaTune.Aggregator.Rounds;

/// <summary>What devices may do, over the database: any node answers any device.</summary>
internal sealed partial class RoundGateway : IRoundGateway, IAsyncDisposable
{
    private readonly AggregatorContext _context;
    private readonly CohortDirectory _cohorts;
    private readonly SubmissionStore _submissions;
    private readonly CheckInDesk _desk;

    public RoundGateway(AggregatorContext context)
    {
        _context = context;
        _cohorts = new CohortDirectory(context.Database);
        _submissions = new SubmissionStore(context);
        _desk = new CheckInDesk(context);
    }

    private AggregatorDatabase Database => _context.Database;

    /// <inheritdoc/>
    public async Task<TaskList> ListTasksAsync(CancellationToken cancellationToken)
    {
        var rows = await Database.ReadAsync(transaction => transaction.QueryAsync<ListedTask>("""
            SELECT t.name, t.state, t.envelope, COALESCE((SELECT MAX(r.number) FROM adapter_release r WHERE r.task = t.name AND r.state = 'live'), 0) AS release
            FROM task t WHERE t.state NOT IN ('draft', 'cancelled') ORDER BY t.name
            """), cancellationToken);
        return new TaskList([.. rows.Select(row => new TaskSummary(row.Name, StateNames.Parse<TaskState>(row.State), row.Envelope, (int)row.Release))]);
    }

    /// <inheritdoc/>
    public Task<ActionOutcome<CheckInResponse>> CheckInAsync(AuthenticatedRequest caller, string task, CheckInRequest request, CancellationToken cancellationToken) =>
        _desk.CheckInAsync(caller, task, request, cancellationToken);

    /// <inheritdoc/>
    public async Task<ActionOutcome<MessageReceipt>> SubmitAsync(
        AuthenticatedRequest caller, string cohort, ReadOnlyMemory<byte> message, CancellationToken cancellationToken)
    {
        var info = await _cohorts.GetAsync(cohort, cancellationToken);
        if (!info.IsSecure) throw new RequestException(409, ProblemTypes.WrongState, "the cohort sums plain reports; upload the report's chunks");
        var bytes = message.ToArray();
        var parsed = SignedMessage.Parse(bytes);
        if (parsed.Session.ToString() != info.Session)
            throw Refuse(RefusalReason.ForeignSession, $"{parsed.Type} belongs to another session; send it to its cohort");
        if (parsed.Sender != caller.Device) throw Refuse(RefusalReason.WrongSignature, $"{parsed.Type} was sent by another device than this one; send your own");
        parsed.EnsureSignedBy(caller.Verifier);
        var chunk = DeviceMessage.Inspect(parsed, info.Configuration);
        var (takes, before, after) = StageOf.Message(parsed.Type);
        var chunks = parsed.Type == MessageType.Input ? DeviceMessage.Chunks(info.Configuration) : 1;
        return await _submissions.AddAsync(
            new Submission(caller, info, (int)parsed.Type, chunk, parsed.Digest.ToArray(), bytes, takes, before, after, chunks), cancellationToken);
    }

    /// <inheritdoc/>
    public async Task<ActionOutcome<MessageReceipt>> SubmitReportAsync(
        AuthenticatedRequest caller, string cohort, int chunk, ReadOnlyMemory<byte> packed, CancellationToken cancellationToken)
    {
        var info = await _cohorts.GetAsync(cohort, cancellationToken);
        if (info.IsSecure) throw new RequestException(409, ProblemTypes.WrongState, "the cohort is summed securely; send the protocol's messages");
        var chunks = DeviceMessage.Chunks(info.Configuration);
        if (chunk < 0 || chunk >= chunks) throw Refuse(RefusalReason.Malformed, $"chunk {chunk} of {chunks} does not exist; send 0 to {chunks - 1}");
        var (_, length) = DeviceMessage.Chunk(info.Configuration, chunk).GetOffsetAndLength(info.Configuration.PackedLength);
        if (packed.Length != length) throw Refuse(RefusalReason.Malformed, $"chunk {chunk} has {packed.Length} bytes, expected {length}; pack the report again");
        return await _submissions.AddAsync(new Submission(
            caller, info, StageOf.PlainReport, chunk, SHA256.HashData(packed.Span), packed.ToArray(), RoundState.Collecting, ParticipationState.Offered,
            ParticipationState.Submitted, chunks), cancellationToken);
    }

    /// <inheritdoc/>
    public async Task<NextMessage> NextAsync(AuthenticatedRequest caller, string cohort, int after, TimeSpan wait, CancellationToken cancellationToken)
    {
        var info = await _cohorts.GetAsync(cohort, cancellationToken);
        var started = _context.Time.GetTimestamp();
        while (true)
        {
            var signal = Database.Signals.Next(info.Channel);
            if (await FindNextAsync(caller, info, after, cancellationToken) is { } next) return next;
            var left = wait - _context.Time.GetElapsedTime(started);
            if (left <= TimeSpan.Zero) return new NextMessage(default, null);
            var poll = TimeSpan.FromSeconds(2);
            await Database.WaitAsync(signal, left < poll ? left : poll, cancellationToken);
        }
    }

    /// <inheritdoc/>
    public async Task<MissingChunks> MissingAsync(AuthenticatedRequest caller, string cohort, CancellationToken cancellationToken)
    {
        var info = await _cohorts.GetAsync(cohort, cancellationToken);
        var (device, type) = (caller.Device.ToString(), info.IsSecure ? (int)MessageType.Input : StageOf.PlainReport);
        return await Database.ReadAsync(async transaction =>
        {
            var seat = await SeatAsync(transaction, info, device);
            var state = await transaction.FirstOrDefaultAsync<string>("SELECT state FROM cohort WHERE id = @Id", new { info.Id });
            if (seat.Dropped is not null || state != RoundState.Collecting.Name()) return new MissingChunks([]);
            var held = await transaction.QueryAsync<int>(
                "SELECT chunk FROM message WHERE round_id = @RoundId AND cohort = @Id AND device = @device AND type = @type", new { info.RoundId, info.Id, device, type });
            return new MissingChunks([.. Enumerable.Range(0, DeviceMessage.Chunks(info.Configuration)).Except(held)]);
        }, cancellationToken);
    }

    /// <inheritdoc/>
    public async Task<ParticipationView> GetParticipationAsync(AuthenticatedRequest caller, string cohort, CancellationToken cancellationToken)
    {
        var info = await _cohorts.GetAsync(cohort, cancellationToken);
        return await Database.ReadAsync(transaction => ViewAsync(transaction, info, caller.Device.ToString()), cancellationToken);
    }

    /// <inheritdoc/>
    public async Task<ActionOutcome<ParticipationView>> LeaveAsync(AuthenticatedRequest caller, string cohort, CancellationToken cancellationToken)
    {
        var (info, device) = (await _cohorts.GetAsync(cohort, cancellationToken), caller.Device.ToString());
        return await Database.RunTransactionAsync("leave", async (transaction, _) =>
        {
            if (await RequestLog.FindAsync(transaction, caller, ProtocolJson.Default.ParticipationView) is { } stored) return new ActionOutcome<ParticipationView>(stored, true);
            await transaction.FirstOrDefaultAsync<string>($"SELECT id FROM cohort WHERE id = @Id{transaction.Dialect.ForUpdate}", new { info.Id });
            await SeatAsync(transaction, info, device);
            await transaction.ExecuteAsync(
                "UPDATE participation SET dropped = 'left', changed_at = @now WHERE round_id = @RoundId AND device = @device AND dropped IS NULL",
                new { now = await transaction.NowAsync(), info.RoundId, device });
            var view = await ViewAsync(transaction, info, device);
            await RequestLog.StoreAsync(transaction, caller, view, ProtocolJson.Default.ParticipationView, 2 * _context.Options.Freshness);
            return new ActionOutcome<ParticipationView>(view, false);
        }, cancellationToken);
    }

    /// <inheritdoc/>
    public ValueTask DisposeAsync() => _submissions.DisposeAsync();

    private async Task<NextMessage?> FindNextAsync(AuthenticatedRequest caller, CohortInfo info, int after, CancellationToken cancellationToken)
    {
        var device = caller.Device.ToString();
        return await Database.ReadAsync(async transaction =>
        {
            var seat = await SeatAsync(transaction, info, device);
            if (seat.Dropped is { } dropped) return new NextMessage(default, dropped);
            var body = await transaction.FirstOrDefaultAsync<byte[]>("""
                SELECT body FROM outbox WHERE round_id = @RoundId AND cohort = @Id AND type > @after AND device IN ('', @device) ORDER BY type LIMIT 1
                """, new { info.RoundId, info.Id, after, device });
            if (body is not null) return new NextMessage(body, null);
            var state = StateNames.Parse<RoundState>((await transaction.FirstOrDefaultAsync<string>("SELECT state FROM cohort WHERE id = @Id", new { info.Id }))!);
            return state switch
            {
                RoundState.Abandoned => new NextMessage(default, DropReason.CohortAbandoned.Name()),
                RoundState.Aggregating => new NextMessage(default, "finished"),
                _ => (NextMessage?)null,
            };
        }, cancellationToken);
    }

    private static async Task<ParticipationRow> SeatAsync(DatabaseTransaction transaction, CohortInfo info, string device) =>
        await transaction.FirstOrDefaultAsync<ParticipationRow>(
            "SELECT state, dropped, contributes FROM participation WHERE round_id = @RoundId AND device = @device AND cohort = @Id", new { info.RoundId, device, info.Id })
        ?? throw new RequestException(404, ProblemTypes.NotFound, "this device has no seat in the cohort; check in first");

    private static async Task<ParticipationView> ViewAsync(DatabaseTransaction transaction, CohortInfo info, string device)
    {
        var seat = await SeatAsync(transaction, info, device);
        var state = await transaction.FirstOrDefaultAsync<string>("SELECT state FROM cohort WHERE id = @Id", new { info.Id });
        return new ParticipationView(
            seat.Dropped is null ? StateNames.Parse<ParticipationState>(seat.State) : ParticipationState.Dropped,
            seat.Dropped is { } reason ? StateNames.Parse<DropReason>(reason) : null, StateNames.Parse<RoundState>(state!));
    }

    private static RefusalException Refuse(RefusalReason reason, string problem) => new(reason, "message", problem);

    private sealed class ListedTask
    {
        public string Name { get; set; } = string.Empty;

        public string State { get; set; } = string.Empty;

        public byte[] Envelope { get; set; } = [];

        public long Release { get; set; }
    }
}
