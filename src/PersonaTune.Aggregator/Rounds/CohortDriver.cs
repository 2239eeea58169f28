using System.Runtime.InteropServices;
using PersonaTune.Aggregator.Persistence;
using PersonaTune.Privacy.SecureAggregation;
using PersonaTune.Protocol.Rounds;

namespace PersonaTune.Aggregator.Rounds;

/// <summary>
/// Drives one cohort under a lease: feeds stored messages to the sum and closes its stages. Everything that counts is in the database: a driver that dies is replaced by
/// one that replays. Not for concurrent use.
/// </summary>
internal abstract class CohortDriver(AggregatorContext context, CohortInfo cohort, Lease lease) : IDisposable
{
    protected AggregatorContext Context => context;

    protected CohortInfo Cohort => cohort;

    /// <summary>The channel on which acknowledged messages are told.</summary>
    public static string ChannelOf(string cohort) => "messages/" + cohort;

    /// <summary>The name of the lease.</summary>
    public static string LeaseOf(string cohort) => "cohort/" + cohort;

    public static CohortDriver Create(AggregatorContext context, CohortInfo cohort, Lease lease) =>
        cohort.IsSecure ? new SecureCohortDriver(context, cohort, lease) : new PlainCohortDriver(context, cohort, lease);

    /// <summary>Feeds what has arrived and closes the stage if it is complete or its time is over. True once the cohort has ended.</summary>
    public async Task<bool> StepAsync(CancellationToken cancellationToken)
    {
        var row = await context.Database.ReadAsync(ReadCohortAsync, cancellationToken);
        if (HasEnded(row)) return true;
        try
        {
            await PrepareAsync(row, cancellationToken);
            await FeedAsync(StageOfRow(row), cancellationToken);
            if (!CanClose(DateTimeOffset.FromUnixTimeMilliseconds(await ClockAsync(cancellationToken)))) return false;
            return await CloseAsync(cancellationToken);
        }
        catch
        {
            // What is in memory may be ahead of the database: forget it and replay.
            Forget();
            throw;
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        Forget();
        GC.SuppressFinalize(this);
    }

    /// <summary>Rebuilds what is in memory, if it is not there.</summary>
    protected abstract Task PrepareAsync(CohortRow row, CancellationToken cancellationToken);

    /// <summary>Feeds the messages of a stage that were not fed yet.</summary>
    protected abstract Task FeedAsync(RoundState stage, CancellationToken cancellationToken);

    /// <summary>Whether the stage would close now.</summary>
    protected abstract bool CanClose(DateTimeOffset now);

    /// <summary>Closes the stage in memory and writes what follows.</summary>
    protected abstract Task CloseStageAsync(DatabaseTransaction transaction, CohortRow row, long now);

    /// <summary>Feeds, inside the closing transaction, what was acknowledged since; the cohort's row is locked.</summary>
    protected abstract Task FeedLockedAsync(DatabaseTransaction transaction, RoundState stage);

    /// <summary>Forgets what is in memory.</summary>
    protected abstract void Forget();

    protected static RoundState StageOfRow(CohortRow row) => StateNames.Parse<RoundState>(row.State);

    protected static bool HasEnded(CohortRow row) => StageOfRow(row) >= RoundState.Aggregating;

    /// <summary>Ends the cohort without a sum.</summary>
    protected async Task AbandonAsync(DatabaseTransaction transaction, CohortRow row, string reason)
    {
        await History.MoveCohortAsync(transaction, row, RoundState.Abandoned.Name(), row.Deadline, reason, context.Options.Node);
        await transaction.ExecuteAsync(
            "UPDATE participation SET dropped = 'cohort-abandoned', changed_at = @now WHERE cohort = @Id AND dropped IS NULL", new { now = await transaction.NowAsync(), cohort.Id });
        await History.LogAsync(transaction, row.Task, "cohort", $"Cohort {row.Position + 1} was abandoned: {reason}");
    }

    /// <summary>Stores the sum and who is in it.</summary>
    protected async Task FinishAsync(DatabaseTransaction transaction, CohortRow row, ReadOnlyMemory<uint> sum, IReadOnlyList<string> contributors)
    {
        var bytes = MemoryMarshal.AsBytes(sum.Span).ToArray();
        await transaction.ExecuteAsync("UPDATE cohort SET sum = @bytes, contributors = @count WHERE id = @Id", new { bytes, count = contributors.Count, cohort.Id });
        foreach (var part in contributors.Chunk(500))
            await transaction.ExecuteAsync($"UPDATE participation SET contributes = 1 WHERE round_id = @RoundId AND device {transaction.Dialect.In("part")}", new { cohort.RoundId, part });
        await History.MoveCohortAsync(transaction, row, RoundState.Aggregating.Name(), row.Deadline, null, context.Options.Node);
    }

    /// <summary>Drops those who did not get as far as the stage asked for.</summary>
    protected async Task DropLateAsync(DatabaseTransaction transaction, ParticipationState expected, DropReason reason) =>
        await transaction.ExecuteAsync(
            "UPDATE participation SET dropped = @reason, changed_at = @now WHERE cohort = @Id AND dropped IS NULL AND state = @expected",
            new { reason = reason.Name(), now = await transaction.NowAsync(), cohort.Id, expected = expected.Name() });

    /// <summary>Takes a stored message back that the protocol refuses, and drops its sender.</summary>
    protected Task RefuseAsync(DatabaseTransaction transaction, MessageRow message, RefusalException refusal) => DropAsync(transaction, message, refusal.Reason.Name());

    protected async Task DropAsync(DatabaseTransaction transaction, MessageRow message, string reason)
    {
        await transaction.ExecuteAsync(
            "UPDATE message SET refused = @reason WHERE round_id = @RoundId AND cohort = @Id AND device = @Device AND type = @Type AND chunk = @Chunk",
            new { reason, cohort.RoundId, cohort.Id, message.Device, message.Type, message.Chunk });
        await transaction.ExecuteAsync(
            "UPDATE participation SET dropped = 'misbehaved', changed_at = @now WHERE round_id = @RoundId AND device = @Device AND dropped IS NULL",
            new { now = await transaction.NowAsync(), cohort.RoundId, message.Device });
    }

    /// <summary>The messages of a type that count, without their bodies.</summary>
    protected Task<IReadOnlyList<MessageRow>> KeysAsync(DatabaseTransaction transaction, int type) => transaction.QueryAsync<MessageRow>(
        "SELECT device, type, chunk, received_at FROM message WHERE round_id = @RoundId AND cohort = @Id AND type = @type AND refused IS NULL ORDER BY received_at, device, chunk",
        new { cohort.RoundId, cohort.Id, type });

    protected async Task<byte[]> BodyAsync(DatabaseTransaction transaction, MessageRow key) => (await transaction.FirstOrDefaultAsync<byte[]>(
        "SELECT body FROM message WHERE round_id = @RoundId AND cohort = @Id AND device = @Device AND type = @Type AND chunk = @Chunk",
        new { cohort.RoundId, cohort.Id, key.Device, key.Type, key.Chunk }))!;

    protected Task<CohortRow> ReadCohortAsync(DatabaseTransaction transaction) => ReadCohortAsync(transaction, string.Empty);

    private async Task<CohortRow> ReadCohortAsync(DatabaseTransaction transaction, string locking) =>
        (await transaction.FirstOrDefaultAsync<CohortRow>($"SELECT {CohortRow.Columns} FROM cohort WHERE id = @Id{locking}", new { cohort.Id }))!;

    private Task<long> ClockAsync(CancellationToken cancellationToken) =>
        context.Database.Dialect.IsPostgreSql
            ? context.Database.ReadAsync(async transaction => await transaction.NowAsync(), cancellationToken)
            : Task.FromResult(context.Time.GetUtcNow().ToUnixTimeMilliseconds());

    private async Task<bool> CloseAsync(CancellationToken cancellationToken)
    {
        var attempts = 0;
        return await context.Database.RunTransactionAsync("close-stage", async (transaction, _) =>
        {
            // The sum in memory has advanced already if this is a repetition: the caller forgets it and begins again.
            if (attempts++ > 0) throw new StateConflictException($"cohort '{cohort.Id}'");
            await lease.EnsureHeldAsync(transaction);
            var row = await ReadCohortAsync(transaction, transaction.Dialect.ForUpdate);
            if (HasEnded(row)) return true;
            var stage = StageOfRow(row);
            await FeedLockedAsync(transaction, stage);
            await CloseStageAsync(transaction, row, await transaction.NowAsync());
            context.Faults.Reach($"cohort.{stage.Name()}.before-commit");
            transaction.OnCommitted(() => context.Faults.Reach($"cohort.{stage.Name()}.after-commit"));
            return HasEnded(row);
        }, cancellationToken);
    }
}
