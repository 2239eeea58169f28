using PersonaTune.Aggregator.Persistence;
using PersonaTune.Privacy.SecureAggregation;
using PersonaTune.Protocol.Problems;
using PersonaTune.Protocol.Rounds;
using PersonaTune.Protocol.Wire;

namespace PersonaTune.Aggregator.Rounds;

/// <summary>
/// Takes messages into the database, many in one transaction; each is acknowledged after the commit. A message is taken only while the cohort's row,
/// locked, says that its stage is open, so that the closing of a stage sees every message that was acknowledged for it.
/// </summary>
internal sealed class SubmissionStore : IAsyncDisposable
{
    private readonly AggregatorContext _context;
    private readonly BatchQueue<Submission, (ActionOutcome<MessageReceipt>? Receipt, Exception? Refusal)> _queue;

    public SubmissionStore(AggregatorContext context)
    {
        _context = context;
        _queue = new(context.Database, "submit", StoreAsync, submission => submission.Body.Length, context.Database.Dialect.IsPostgreSql ? context.Options.IngestWorkers : 1);
    }

    public async Task<ActionOutcome<MessageReceipt>> AddAsync(Submission submission, CancellationToken cancellationToken)
    {
        var (receipt, refusal) = await _queue.RunAsync(submission, cancellationToken);
        return receipt ?? throw refusal!;
    }

    /// <inheritdoc/>
    public ValueTask DisposeAsync() => _queue.DisposeAsync();

    private async Task<IReadOnlyList<(ActionOutcome<MessageReceipt>?, Exception?)>> StoreAsync(DatabaseTransaction transaction, IReadOnlyList<Submission> submissions)
    {
        var results = new (ActionOutcome<MessageReceipt>?, Exception?)[submissions.Count];
        // One order of locks on every node: no two transactions wait for each other.
        foreach (var group in submissions.Index().GroupBy(item => item.Item.Cohort.Id, StringComparer.Ordinal).OrderBy(group => group.Key, StringComparer.Ordinal))
        {
            var exclusive = group.Any(item => item.Item.Takes == RoundState.Recruiting);
            var cohort = await transaction.FirstOrDefaultAsync<CohortRow>(
                $"SELECT id, state, deadline, roster_goal FROM cohort WHERE id = @id{(exclusive ? transaction.Dialect.ForUpdate : transaction.Dialect.ForShare)}", new { id = group.Key });
            foreach (var (index, submission) in group.OrderBy(item => item.Item.Caller.Device))
            {
                try
                {
                    results[index] = (await StoreAsync(transaction, submission, cohort!), null);
                }
                catch (Exception e) when (e is RequestException or RefusalException)
                {
                    results[index] = (null, e);
                }
            }
        }

        _context.Faults.Reach("submit.before-commit");
        transaction.OnCommitted(() => _context.Faults.Reach("submit.after-commit"));
        return results;
    }

    // Everything that can refuse comes before the first write, so that one message's refusal leaves nothing of it in the shared transaction.
    private async Task<ActionOutcome<MessageReceipt>> StoreAsync(DatabaseTransaction transaction, Submission submission, CohortRow cohort)
    {
        var (caller, device) = (submission.Caller, submission.Caller.Device.ToString());
        if (await RequestLog.FindAsync(transaction, caller, ProtocolJson.Default.MessageReceipt) is { } stored) return new(stored, true);
        var seat = await transaction.FirstOrDefaultAsync<ParticipationRow>(
            "SELECT state, dropped FROM participation WHERE round_id = @RoundId AND device = @device AND cohort = @Id", new { submission.Cohort.RoundId, device, submission.Cohort.Id })
            ?? throw Refuse(RefusalReason.UnknownSender, "this device has no seat in the cohort; check in first");
        var known = await transaction.FirstOrDefaultAsync<byte[]>(
            "SELECT digest FROM message WHERE round_id = @RoundId AND cohort = @Id AND device = @device AND type = @Type AND chunk = @Chunk",
            new { submission.Cohort.RoundId, submission.Cohort.Id, device, submission.Type, submission.Chunk });
        if (known is not null)
        {
            if (!known.AsSpan().SequenceEqual(submission.Digest)) throw Refuse(RefusalReason.ConflictingMessage, "another message of this kind was accepted before; it stands");
            return await AcknowledgeAsync(transaction, caller, duplicate: true);
        }

        await CheckAsync(transaction, submission, cohort, seat);
        var now = await transaction.NowAsync();
        await transaction.ExecuteAsync(
            "INSERT INTO message (round_id, cohort, device, type, chunk, digest, body, received_at) VALUES (@RoundId, @Id, @device, @Type, @Chunk, @Digest, @Body, @now)",
            new { submission.Cohort.RoundId, submission.Cohort.Id, device, submission.Type, submission.Chunk, submission.Digest, submission.Body, now });
        var complete = submission.Chunks == 1 || await transaction.ScalarAsync<long>(
            "SELECT COUNT(*) FROM message WHERE round_id = @RoundId AND cohort = @Id AND device = @device AND type = @Type",
            new { submission.Cohort.RoundId, submission.Cohort.Id, device, submission.Type }) == submission.Chunks;
        if (complete)
        {
            await transaction.ExecuteAsync(
                "UPDATE participation SET state = @after, changed_at = @now WHERE round_id = @RoundId AND device = @device",
                new { after = submission.After.Name(), now, submission.Cohort.RoundId, device });
            transaction.Notify(CohortDriver.ChannelOf(submission.Cohort.Id));
        }

        return await AcknowledgeAsync(transaction, caller, duplicate: false);
    }

    private static async Task CheckAsync(DatabaseTransaction transaction, Submission submission, CohortRow cohort, ParticipationRow seat)
    {
        if (seat.Dropped is { } reason) throw new RequestException(410, ProblemTypes.Gone, "this device is no longer part of the round; wait for the next", reason);
        var state = StateNames.Parse<RoundState>(cohort.State);
        if (state != submission.Takes)
        {
            if (state is RoundState.Abandoned) throw Refuse(RefusalReason.RoundOver, "the cohort was abandoned; check in again");
            throw state > submission.Takes
                ? Refuse(RefusalReason.StageClosed, $"the message comes too late, the cohort is {cohort.State}; wait for the next round")
                : Refuse(RefusalReason.UnexpectedMessage, $"the message comes before its stage, the cohort is {cohort.State}; wait for the server's message");
        }

        if (await transaction.NowAsync() >= cohort.Deadline) throw Refuse(RefusalReason.DeadlinePassed, "the stage's deadline has passed; wait for the next round");
        if (StateNames.Parse<ParticipationState>(seat.State) != submission.Before)
            throw Refuse(RefusalReason.UnexpectedMessage, $"the device is {seat.State}, expected {submission.Before.Name()}; send the stages in order");
        if (submission.Takes != RoundState.Recruiting) return;
        var joined = await transaction.ScalarAsync<long>(
            "SELECT COUNT(*) FROM participation WHERE cohort = @Id AND state <> 'offered' AND dropped IS NULL", new { cohort.Id });
        if (joined >= cohort.RosterGoal) throw Refuse(RefusalReason.RosterFull, "the cohort is complete; wait for the next round");
    }

    private async Task<ActionOutcome<MessageReceipt>> AcknowledgeAsync(DatabaseTransaction transaction, AuthenticatedRequest caller, bool duplicate)
    {
        var receipt = new MessageReceipt(duplicate);
        await RequestLog.StoreAsync(transaction, caller, receipt, ProtocolJson.Default.MessageReceipt, 2 * _context.Options.Freshness);
        return new(receipt, false);
    }

    private static RefusalException Refuse(RefusalReason reason, string problem) => new(reason, "message", problem);
}
