using System.Text.Json;
using PersonaTune.Aggregator.Persistence;
using PersonaTune.Protocol.Problems;
using PersonaTune.Protocol.Rounds;
using PersonaTune.Protocol.Tasks;
using PersonaTune.Protocol.Wire;

namespace PersonaTune.Aggregator.Rounds;

/// <summary>
/// Gives seats. A device has one seat in an attempt at most, and none sooner than the task's separation allows; retry windows spread devices over the time in which
/// seats can be expected (pace steering).
/// </summary>
internal sealed class CheckInDesk(AggregatorContext context)
{
    public Task<ActionOutcome<CheckInResponse>> CheckInAsync(AuthenticatedRequest caller, string task, CheckInRequest request, CancellationToken cancellationToken) =>
        context.Database.RunTransactionAsync("check-in", async (transaction, _) =>
        {
            if (await RequestLog.FindAsync(transaction, caller, ProtocolJson.Default.CheckInResponse) is { } stored) return new ActionOutcome<CheckInResponse>(stored, true);
            var row = await transaction.FirstOrDefaultAsync<TaskRow>("SELECT name, definition, digest, state FROM task WHERE name = @task", new { task })
                ?? throw new RequestException(404, ProblemTypes.NotFound, $"there is no task '{task}'; list the tasks");
            var definition = JsonSerializer.Deserialize(row.Definition, ProtocolJson.Default.TaskDefinition)!;
            var response = await DecideAsync(transaction, caller.Device.ToString(), row, definition, request);
            await RequestLog.StoreAsync(transaction, caller, response, ProtocolJson.Default.CheckInResponse, 2 * context.Options.Freshness);
            return new ActionOutcome<CheckInResponse>(response, false);
        }, cancellationToken);

    private static async Task<CheckInResponse> DecideAsync(
        DatabaseTransaction transaction, string device, TaskRow row, TaskDefinition task, CheckInRequest request)
    {
        var (now, cohorts) = (await transaction.NowAsync(), task.Cohorts);
        if (row.State != TaskState.Open.Name()) return Refuse(CheckInRefusalReason.TaskClosed, $"the task is {row.State}; come again later", Long(cohorts));
        if (request.TaskDigest != row.Digest) return Refuse(CheckInRefusalReason.StaleTask, "the task's definition is another; fetch it and check it again", Soon(cohorts));
        if (request.BaseModelDigest != task.Adapter.BaseModelDigest)
            return Refuse(CheckInRefusalReason.WrongModel, $"the task needs the base model {task.Adapter.BaseModelDigest}; install it", Long(cohorts));
        if (request.SchemaHash != task.Adapter.SchemaHash)
            return Refuse(CheckInRefusalReason.WrongSchema, $"the task needs the layout {task.Adapter.SchemaHash}; derive it from the task's terms", Long(cohorts));
        if (task.Adapter.Lora is { } lora ? request.Rank < lora.MinimumRank || request.Rank > lora.Rank : request.Rank != 0)
        {
            var expected = task.Adapter.Lora is { } terms ? $"{terms.MinimumRank} to {terms.Rank}" : "0";
            return Refuse(CheckInRefusalReason.WrongRank, $"the rank is {request.Rank}, expected {expected}; choose another", Long(cohorts));
        }

        var last = await transaction.FirstOrDefaultAsync<long?>("SELECT seated_at FROM last_seat WHERE task = @Name AND device = @device", new { row.Name, device });
        if (last is { } seated && now < seated + (long)(cohorts.SeparationSeconds * 1000))
        {
            var wait = seated + (long)(cohorts.SeparationSeconds * 1000) - now;
            return Refuse(CheckInRefusalReason.TooSoon, "the device took part a short time ago; come again later", new RetryWindow(wait, wait + Pace(cohorts)));
        }

        return await SeatAsync(transaction, device, row.Name, task, request.Rank, now);
    }

    private static async Task<CheckInResponse> SeatAsync(DatabaseTransaction transaction, string device, string name, TaskDefinition task, int rank, long now)
    {
        var round = await transaction.FirstOrDefaultAsync<RoundRow>(
            $"SELECT {RoundRow.Columns} FROM round WHERE task = @name AND ended_at IS NULL ORDER BY sequence DESC LIMIT 1", new { name });
        if (round is null) return Refuse(CheckInRefusalReason.NotRecruiting, "no round runs now; come again", Soon(task.Cohorts));
        if (await transaction.FirstOrDefaultAsync<string>("SELECT device FROM participation WHERE round_id = @Id AND device = @device", new { round.Id, device }) is not null)
            return Refuse(CheckInRefusalReason.AlreadySeated, "the device had a seat in this attempt; wait for the next round", Next(task.Cohorts));
        var open = task.Aggregation == AggregationKind.Secure ? RoundState.Recruiting : RoundState.Collecting;
        var cohort = await transaction.FirstOrDefaultAsync<CohortRow>($"""
            UPDATE cohort SET seats = seats + 1 WHERE id = (
                SELECT id FROM cohort WHERE round_id = @Id AND state = @open AND seats < seat_limit AND deadline > @now ORDER BY seats, position LIMIT 1{transaction.Dialect.ForUpdate})
                AND seats < seat_limit AND state = @open
            RETURNING {CohortRow.Columns}
            """, new { round.Id, open = open.Name(), now });
        if (cohort is null)
        {
            return await transaction.FirstOrDefaultAsync<string>("SELECT id FROM cohort WHERE round_id = @Id AND state = @open LIMIT 1", new { round.Id, open = open.Name() }) is null
                ? Refuse(CheckInRefusalReason.NotRecruiting, "the round recruits no longer; come again for the next", Next(task.Cohorts))
                : Refuse(CheckInRefusalReason.RoundFull, "all seats are taken; come again for the next round", Next(task.Cohorts));
        }

        await transaction.ExecuteAsync("""
            INSERT INTO participation (round_id, device, cohort, rank, state, contributes, seated_at, changed_at) VALUES (@RoundId, @device, @Id, @rank, 'offered', 0, @now, @now)
            """, new { cohort.RoundId, device, cohort.Id, rank, now });
        await transaction.ExecuteAsync("""
            INSERT INTO last_seat (task, device, seated_at) VALUES (@name, @device, @now) ON CONFLICT (task, device) DO UPDATE SET seated_at = excluded.seated_at
            """, new { name, device, now });
        transaction.Notify(History.EventChannel);
        var assignment = new Assignment(
            cohort.Id, round.Number, round.Attempt, round.BaseRelease, cohort.Offer, DateTimeOffset.FromUnixTimeMilliseconds(cohort.Deadline));
        return new CheckInResponse(assignment, null, Next(task.Cohorts));
    }

    private static CheckInResponse Refuse(CheckInRefusalReason reason, string detail, RetryWindow retry) => new(null, new CheckInRefusal(reason, detail), retry);

    // About the time between two rounds.
    private static long Pace(CohortTerms cohorts) => (long)((cohorts.RecruitSeconds + cohorts.CollectSeconds + (4 * cohorts.StageSeconds)) * 100);

    private static RetryWindow Soon(CohortTerms cohorts) => new(Pace(cohorts) / 10, Pace(cohorts));

    private static RetryWindow Next(CohortTerms cohorts) => new(Pace(cohorts) / 2, 2 * Pace(cohorts));

    private static RetryWindow Long(CohortTerms cohorts) => new(10 * Pace(cohorts), 30 * Pace(cohorts));
}
