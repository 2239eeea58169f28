using System.Globalization;
using System.Runtime.InteropServices;
using System.Security.Cryptography;
using System.Text.Json;
using PersonaTune.Aggregator.Aggregation;
using PersonaTune.Aggregator.Persistence;
using PersonaTune.Privacy.Mechanisms;
using PersonaTune.Privacy.SecureAggregation.Rounds;
using PersonaTune.Privacy.SecureAggregation.SingleServer;
using PersonaTune.Protocol.Rounds;
using PersonaTune.Protocol.Tasks;
using PersonaTune.Protocol.Wire;

namespace PersonaTune.Aggregator.Rounds;

/// <summary>Drives one task under a lease: begins rounds, and ends them with a release or without. Not for concurrent use.</summary>
internal sealed partial class TaskDriver(AggregatorContext context, string name, Lease lease)
{
    private TaskDefinition? _definition;

    private string Node => context.Options.Node;

    /// <summary>The channel that wakes the driver.</summary>
    public static string ChannelOf(string task) => "task/" + task;

    /// <summary>The name of the lease.</summary>
    public static string LeaseOf(string task) => "task/" + task;

    /// <summary>Does what there is to do. True if the task needs no driver any more.</summary>
    public async Task<bool> StepAsync(CancellationToken cancellationToken)
    {
        var (task, round) = await context.Database.ReadAsync(async transaction => (
            (await transaction.FirstOrDefaultAsync<TaskRow>("SELECT name, definition, digest, state, version, sequence FROM task WHERE name = @name", new { name }))!,
            await transaction.FirstOrDefaultAsync<RoundRow>(
                $"SELECT {RoundRow.Columns} FROM round WHERE task = @name AND ended_at IS NULL ORDER BY sequence DESC LIMIT 1", new { name })), cancellationToken);
        _definition ??= JsonSerializer.Deserialize(task.Definition, ProtocolJson.Default.TaskDefinition)!;
        await JudgeCanariesAsync(cancellationToken);
        var state = StateNames.Parse<TaskState>(task.State);
        if (round is not null)
        {
            if (state == TaskState.Cancelled) await AbandonAsync(round, "the task was cancelled", cancellationToken);
            else if (StateNames.Parse<RoundState>(round.State) == RoundState.Validating) await ValidateAsync(round, cancellationToken);
            else await FollowAsync(round, cancellationToken);
            return false;
        }

        if (state == TaskState.Open) await BeginAsync(task, cancellationToken);
        return state is TaskState.Cancelled or TaskState.Completed or TaskState.BudgetExhausted && !await HasCanaryAsync(cancellationToken);
    }

    /// <summary>What the next round starts from, with the number of the release.</summary>
    public static async Task<(int Release, GlobalState State)> CurrentAsync(DatabaseTransaction transaction, TaskDefinition task)
    {
        var row = await transaction.FirstOrDefaultAsync<StateRow>(
            "SELECT number, vector, optimizer FROM adapter_release WHERE task = @Name AND state IN ('canary', 'live') ORDER BY number DESC LIMIT 1", new { task.Name });
        return row is null
            ? (0, RoundAggregator.Initial(task))
            : (row.Number, new GlobalState(VectorEncoding.Decode(row.Vector, task.Adapter.Dimension), row.Optimizer));
    }

    private async Task BeginAsync(TaskRow task, CancellationToken cancellationToken)
    {
        var (definition, now) = (_definition!, context.Time.GetUtcNow());
        if (now < definition.NotBefore) return;
        using var key = context.Keys.ServerKey();
        using var authority = context.Keys.Authority();
        await RunAsync("begin-round", async transaction =>
        {
            var published = await transaction.ScalarAsync<int>("SELECT COALESCE(MAX(number), 0) FROM round WHERE task = @name AND state = 'published'", new { name });
            if (published >= definition.Rounds || now > definition.NotAfter)
            {
                await History.MoveTaskAsync(transaction, task, TaskState.Completed.Name(), published >= definition.Rounds ? null : "its time is over", Node);
                return;
            }

            if (TaskPrivacy.Event(definition) is { } cost && !await AffordsAsync(transaction, cost))
            {
                await History.MoveTaskAsync(transaction, task, TaskState.BudgetExhausted.Name(), "another round would exceed the privacy budget", Node);
                return;
            }

            var attempts = await transaction.ScalarAsync<int>("SELECT COUNT(*) FROM round WHERE task = @name AND number = @number", new { name, number = published + 1 });
            await CreateRoundAsync(transaction, task, published + 1, attempts + 1, key, authority);
        }, cancellationToken);
    }

    private async Task CreateRoundAsync(DatabaseTransaction transaction, TaskRow task, int number, int attempt, Privacy.SecureAggregation.Identity.IdentityKey key, Privacy.SecureAggregation.Identity.EnrolmentAuthority authority)
    {
        var (definition, sequence) = (_definition!, task.Sequence + 1);
        if (await transaction.ExecuteAsync("UPDATE task SET sequence = @sequence, version = version + 1 WHERE name = @name AND version = @Version", new { sequence, name, task.Version }) != 1)
            throw new StateConflictException($"task '{name}'");
        var id = string.Create(CultureInfo.InvariantCulture, $"{name}.{sequence}");
        var (now, secure) = (await transaction.NowAsync(), definition.Aggregation == AggregationKind.Secure);
        var (release, _) = await CurrentAsync(transaction, definition);
        var state = (secure ? RoundState.Recruiting : RoundState.Collecting).Name();
        await transaction.ExecuteAsync("""
            INSERT INTO round (id, task, sequence, number, attempt, base_release, state, version, contributors, bytes_received, started_at)
            VALUES (@id, @name, @sequence, @number, @attempt, @release, @state, 1, 0, 0, @now)
            """, new { id, name, sequence, number, attempt, release, state, now });
        await InputTables.CreateAsync(transaction, id);
        var configuration = TaskEncoding.Configuration(definition, sequence);
        for (var position = 0; position < definition.Cohorts.Cohorts; position++)
        {
            var nonce = RandomNumberGenerator.GetBytes(SessionId.NonceLength);
            var opened = DateTimeOffset.FromUnixTimeMilliseconds(now);
            var deadline = opened + configuration.Durations.Advertise + (secure ? TimeSpan.Zero : configuration.Durations.Input);
            var offer = secure ? new ServerRound(configuration, nonce, key, authority, opened).Offer.ToArray() : configuration.Encode();
            await transaction.ExecuteAsync("""
                INSERT INTO cohort (id, round_id, task, position, configuration, nonce, session, offer, opened_at, seat_limit, roster_goal, state, version, deadline, seats, contributors)
                VALUES (@cohort, @id, @name, @position, @encoded, @nonce, @session, @offer, @now, @seats, @seats, @state, 1, @deadline, 0, 0)
                """, new
            {
                cohort = Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(16)),
                id,
                name,
                position,
                encoded = configuration.Encode(),
                nonce,
                session = SessionId.Derive(configuration, nonce).ToString(),
                offer,
                now,
                seats = definition.Cohorts.SeatsPerCohort,
                state,
                deadline = deadline.ToUnixTimeMilliseconds(),
            });
        }

        await History.RecordAsync(transaction, "round", id, null, state, null, Node);
        await History.LogAsync(transaction, name, "round-state", $"Round {number}, attempt {attempt}: {state}");
        transaction.Notify(RoundWorker.WorkChannel);
    }

    // The round stands where its slowest living cohort does; when all have ended, it is aggregated or abandoned.
    private async Task FollowAsync(RoundRow round, CancellationToken cancellationToken)
    {
        var states = await context.Database.ReadAsync(transaction => transaction.QueryAsync<string>("SELECT state FROM cohort WHERE round_id = @Id", new { round.Id }), cancellationToken);
        var living = states.Select(StateNames.Parse<RoundState>).Where(state => state != RoundState.Abandoned).ToArray();
        if (living.Length == 0)
        {
            var reason = await context.Database.ReadAsync(transaction => transaction.FirstOrDefaultAsync<string>("SELECT reason FROM cohort WHERE round_id = @Id ORDER BY position LIMIT 1", new { round.Id }), cancellationToken);
            await AbandonAsync(round, reason ?? "no cohort is left", cancellationToken);
            return;
        }

        var stands = living.Min();
        if (stands.Name() != round.State)
            await RunAsync("follow-round", transaction => History.MoveRoundAsync(transaction, round, stands.Name(), null, Node), cancellationToken);
        if (stands == RoundState.Aggregating) await AggregateAsync(round, cancellationToken);
    }

    private async Task AggregateAsync(RoundRow round, CancellationToken cancellationToken)
    {
        var definition = _definition!;
        var (sums, state) = await context.Database.ReadAsync(async transaction => (await SumsAsync(transaction, round), (await CurrentAsync(transaction, definition)).State), cancellationToken);
        using var noise = new CryptographicNoiseSource();
        var candidate = RoundAggregator.Aggregate(definition, sums, state, noise);
        var vector = VectorEncoding.Encode(candidate.State.Vector.Span);
        await RunAsync("aggregate", async transaction =>
        {
            await transaction.ExecuteAsync(
                "UPDATE round SET candidate = @vector, optimizer = @optimizer, contributors = @Contributors, bytes_received = @bytes WHERE id = @Id",
                new { vector, optimizer = candidate.State.Optimizer.ToArray(), candidate.Contributors, bytes = await InputTables.BytesAsync(transaction, round.Id), round.Id });
            if (candidate.Excluded.Count > 0)
                await History.LogAsync(transaction, name, "norm-gate", $"Round {round.Number}: {candidate.Excluded.Count} of {sums.Count} cohorts were left out by the norm gate");
            await History.MoveRoundAsync(transaction, round, RoundState.Validating.Name(), null, Node);
        }, cancellationToken);
    }

    private static async Task<IReadOnlyList<CohortSum>> SumsAsync(DatabaseTransaction transaction, RoundRow round)
    {
        var sums = new List<CohortSum>();
        foreach (var cohort in await transaction.QueryAsync<SumRow>(
            "SELECT id, configuration, sum, contributors FROM cohort WHERE round_id = @Id AND state = 'aggregating' ORDER BY position", new { round.Id }))
        {
            var ranks = await transaction.QueryAsync<RankRow>("SELECT rank, COUNT(*) AS count FROM participation WHERE cohort = @Id AND contributes = 1 GROUP BY rank", new { cohort.Id });
            sums.Add(new CohortSum(
                MemoryMarshal.Cast<byte, uint>(cohort.Sum).ToArray(), cohort.Contributors, ranks.ToDictionary(rank => rank.Rank, rank => (int)rank.Count),
                RoundConfiguration.Decode(cohort.Configuration)));
        }

        return sums;
    }

    // Every write of the driver: its lease is checked in the same transaction.
    private Task RunAsync(string what, Func<DatabaseTransaction, Task> body, CancellationToken cancellationToken) =>
        context.Database.RunTransactionAsync(what, async transaction =>
        {
            await lease.EnsureHeldAsync(transaction);
            await body(transaction);
            transaction.Notify(ChannelOf(name));
            context.Faults.Reach($"{what}.before-commit");
            transaction.OnCommitted(() => context.Faults.Reach($"{what}.after-commit"));
        }, cancellationToken);

    private sealed class StateRow
    {
        public int Number { get; set; }

        public byte[] Vector { get; set; } = [];

        public byte[] Optimizer { get; set; } = [];
    }

    private sealed class SumRow
    {
        public string Id { get; set; } = string.Empty;

        public byte[] Configuration { get; set; } = [];

        public byte[] Sum { get; set; } = [];

        public int Contributors { get; set; }
    }

    private sealed class RankRow
    {
        public int Rank { get; set; }

        public long Count { get; set; }
    }
}
