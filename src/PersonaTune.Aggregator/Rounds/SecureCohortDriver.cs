using PersonaTune.Aggregator.Persistence;
using PersonaTune.Privacy.SecureAggregation;
using PersonaTune.Privacy.SecureAggregation.Identity;
using PersonaTune.Privacy.SecureAggregation.Messages;
using PersonaTune.Privacy.SecureAggregation.Rounds;
using PersonaTune.Privacy.SecureAggregation.SingleServer;
using PersonaTune.Protocol.Rounds;

namespace PersonaTune.Aggregator.Rounds;

/// <summary>Drives a cohort whose reports are masked: a <see cref="ServerRound"/> that is rebuilt from the stored messages after a takeover.</summary>
internal sealed class SecureCohortDriver(AggregatorContext context, CohortInfo cohort, Lease lease) : CohortDriver(context, cohort, lease)
{
    private readonly HashSet<(string Device, int Type, int Chunk)> _fed = [];
    private IdentityKey? _key;
    private EnrolmentAuthority? _authority;
    private ServerRound? _server;

    /// <inheritdoc/>
    protected override async Task PrepareAsync(CohortRow row, CancellationToken cancellationToken)
    {
        if (_server is not null && StageOf.Stage(_server.Stage) == StageOfRow(row)) return;
        Forget();
        (_key, _authority) = (Context.Keys.ServerKey(), Context.Keys.Authority());
        var options = new ServerOptions
        {
            Threads = Context.Options.UnmaskingThreads,
            RosterGoal = row.RosterGoal,
            ReportGoal = Cohort.Task.Cohorts.GoalPerCohort,
        };
        _server = new ServerRound(Cohort.Configuration, row.Nonce, _key, _authority, DateTimeOffset.FromUnixTimeMilliseconds(row.OpenedAt), options);
        var closings = await Context.Database.ReadAsync(transaction => transaction.QueryAsync<Closing>(
            "SELECT stage, closed_at FROM stage_closing WHERE cohort = @Id", new { Cohort.Id }), cancellationToken);
        foreach (var (state, closing) in closings.Select(closing => (StateNames.Parse<RoundState>(closing.Stage), closing)).OrderBy(pair => pair.Item1))
        {
            await FeedAsync(state, cancellationToken);
            _server.Advance(DateTimeOffset.FromUnixTimeMilliseconds(closing.ClosedAt));
        }
    }

    /// <inheritdoc/>
    protected override async Task FeedAsync(RoundState stage, CancellationToken cancellationToken)
    {
        var type = (int)StageOf.Collects(stage);
        var refused = new List<(MessageRow, RefusalException)>();
        var keys = await Context.Database.ReadAsync(transaction => KeysAsync(transaction, type), cancellationToken);
        foreach (var part in keys.Where(key => !_fed.Contains(Place(key))).Chunk(32))
        {
            // Bodies are read in small parts: memory does not grow with the number of devices.
            await Context.Database.ReadAsync(async transaction =>
            {
                foreach (var key in part)
                    if (await TryFeedAsync(transaction, key) is { } refusal) refused.Add((key, refusal));
                return 0;
            }, cancellationToken);
        }

        if (refused.Count == 0) return;
        await Context.Database.RunTransactionAsync("refuse-messages", async transaction =>
        {
            foreach (var (message, refusal) in refused) await RefuseAsync(transaction, message, refusal);
        }, cancellationToken);
    }

    /// <inheritdoc/>
    protected override async Task FeedLockedAsync(DatabaseTransaction transaction, RoundState stage)
    {
        foreach (var key in await KeysAsync(transaction, (int)StageOf.Collects(stage)))
        {
            if (_fed.Contains(Place(key))) continue;
            if (await TryFeedAsync(transaction, key) is { } refusal) await RefuseAsync(transaction, key, refusal);
        }
    }

    /// <inheritdoc/>
    protected override bool CanClose(DateTimeOffset now) => _server!.CanAdvance(now);

    /// <inheritdoc/>
    protected override async Task CloseStageAsync(DatabaseTransaction transaction, CohortRow row, long now)
    {
        var (stage, server) = (StageOfRow(row), _server!);
        IReadOnlyList<OutgoingMessage> messages;
        try
        {
            messages = server.Advance(DateTimeOffset.FromUnixTimeMilliseconds(now));
        }
        catch (RefusalException e)
        {
            await AbandonAsync(transaction, row, $"{e.Reason.Name()} while {stage.Name()}");
            return;
        }

        if (StageOf.Stage(server.Stage) == stage) return; // what arrived meanwhile was refused: not complete after all
        await transaction.ExecuteAsync(
            "INSERT INTO stage_closing (cohort, stage, closed_at) VALUES (@Id, @stage, @now)", new { Cohort.Id, stage = stage.Name(), now });
        var late = stage == RoundState.Collecting && now < row.Deadline || stage == RoundState.Recruiting && now < row.Deadline ? DropReason.NotNeeded : DropReason.Late;
        await DropLateAsync(transaction, StageOf.Expected(stage), late);
        await DeliverAsync(transaction, messages);
        if (server.Result is { } result)
        {
            await FinishAsync(transaction, row, result.Sum, [.. result.Contributors.Select(device => device.ToString())]);
            return;
        }

        await History.MoveCohortAsync(
            transaction, row, StageOf.Stage(server.Stage).Name(), server.Deadline.ToUnixTimeMilliseconds(), null, Context.Options.Node);
    }

    /// <inheritdoc/>
    protected override void Forget()
    {
        _fed.Clear();
        _server = null;
        _key?.Dispose();
        _authority?.Dispose();
        (_key, _authority) = (null, null);
    }

    private static (string Device, int Type, int Chunk) Place(MessageRow key) => (key.Device, key.Type, key.Chunk);

    private async Task<RefusalException?> TryFeedAsync(DatabaseTransaction transaction, MessageRow key)
    {
        try
        {
            _server!.Receive(await BodyAsync(transaction, key), DateTimeOffset.FromUnixTimeMilliseconds(key.ReceivedAt));
            return null;
        }
        catch (RefusalException e)
        {
            return e;
        }
        finally
        {
            _fed.Add(Place(key));
        }
    }

    private async Task DeliverAsync(DatabaseTransaction transaction, IReadOnlyList<OutgoingMessage> messages)
    {
        if (messages.Count == 0) return;
        var type = (int)SignedMessage.Parse(messages[0].Bytes).Type;
        var same = messages.All(message => message.Bytes.Equals(messages[0].Bytes));
        foreach (var message in same ? [messages[0]] : messages)
        {
            await transaction.ExecuteAsync(
                "INSERT INTO outbox (round_id, cohort, type, device, body) VALUES (@RoundId, @Id, @type, @device, @body)",
                new { Cohort.RoundId, Cohort.Id, type, device = same ? string.Empty : message.To.ToString(), body = message.Bytes.ToArray() });
        }
    }

    private sealed class Closing
    {
        public string Stage { get; set; } = string.Empty;

        public long ClosedAt { get; set; }
    }
}
