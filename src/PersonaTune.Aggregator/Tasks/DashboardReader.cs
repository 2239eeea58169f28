using System.Collections.Concurrent;
using System.Text.Json;
using PersonaTune.Aggregator.Aggregation;
using PersonaTune.Aggregator.Persistence;
using PersonaTune.Aggregator.Rounds;
using PersonaTune.Protocol.Operations;
using PersonaTune.Protocol.Problems;
using PersonaTune.Protocol.Releases;
using PersonaTune.Protocol.Rounds;
using PersonaTune.Protocol.Tasks;
using PersonaTune.Protocol.Wire;

namespace PersonaTune.Aggregator.Tasks;

/// <summary>Reads what operators see. Counts of few devices are withheld, and nothing is about one device. Thread-safe.</summary>
internal sealed class DashboardReader(AggregatorContext context)
{
    private const int Attempts = 200, Releases = 50;

    // Epsilon of a number of rounds never changes, and computing it takes a while.
    private readonly ConcurrentDictionary<(string Digest, long Rounds), (double Best, double Renyi, double Loss)> _epsilons = new();
    private readonly ConcurrentDictionary<string, int> _affordable = new(StringComparer.Ordinal);

    public async Task<DashboardView> ReadAllAsync(CancellationToken cancellationToken)
    {
        var tasks = await context.Database.ReadAsync(async transaction =>
        {
            var views = new List<TaskView>();
            foreach (var row in await transaction.QueryAsync<TaskRow>("SELECT name, definition, digest, state FROM task ORDER BY name")) views.Add(await ViewAsync(transaction, row));
            return views;
        }, cancellationToken);
        return new DashboardView(context.Time.GetUtcNow(), context.Options.SmallestCount, tasks);
    }

    public Task<TaskView> ReadAsync(string task, CancellationToken cancellationToken) => context.Database.ReadAsync(async transaction => await ViewAsync(
        transaction, await transaction.FirstOrDefaultAsync<TaskRow>("SELECT name, definition, digest, state FROM task WHERE name = @task", new { task })
            ?? throw new RequestException(404, ProblemTypes.NotFound, $"there is no task '{task}'")), cancellationToken);

    private async Task<TaskView> ViewAsync(DatabaseTransaction transaction, TaskRow row)
    {
        var definition = JsonSerializer.Deserialize(row.Definition, ProtocolJson.Default.TaskDefinition)!;
        var rounds = await transaction.QueryAsync<RoundRow>(
            $"SELECT {RoundRow.Columns} FROM round WHERE task = @Name ORDER BY sequence DESC LIMIT {Attempts + 1}", new { row.Name });
        var views = new List<RoundView>();
        foreach (var round in rounds.Reverse()) views.Add(await ViewAsync(transaction, definition, round));
        var releases = await transaction.QueryAsync<ReleaseRow>($"""
            SELECT a.number, COALESCE(r.number, 0) AS round, a.state, a.created_at, a.loss, a.accuracy, a.epsilon, LENGTH(a.vector) AS bytes
            FROM adapter_release a LEFT JOIN round r ON r.id = a.round_id WHERE a.task = @Name ORDER BY a.number DESC LIMIT {Releases}
            """, new { row.Name });
        var current = views.LastOrDefault(view => view.Ended is null);
        return new TaskView(
            row.Name, definition.Purpose, StateNames.Parse<TaskState>(row.State), definition.Aggregation, definition.Rounds, current,
            await BudgetAsync(transaction, row, definition), [.. views.Where(view => view.Ended is not null)],
            [.. releases.Select(release => new ReleaseSummary(
                release.Number, release.Round, StateNames.Parse<ReleaseState>(release.State), DateTimeOffset.FromUnixTimeMilliseconds(release.CreatedAt), release.Loss,
                release.Accuracy, release.Epsilon, release.Bytes))]);
    }

    private async Task<RoundView> ViewAsync(DatabaseTransaction transaction, TaskDefinition task, RoundRow round)
    {
        var cohorts = await transaction.QueryAsync<CohortCount>(
            "SELECT state, COUNT(*) AS count, MIN(deadline) AS deadline FROM cohort WHERE round_id = @Id GROUP BY state", new { round.Id });
        var seats = await transaction.QueryAsync<SeatCount>(
            "SELECT state, dropped, COUNT(*) AS count FROM participation WHERE round_id = @Id GROUP BY state, dropped", new { round.Id });
        // After the retention the seats are gone, which is not the same as nobody having taken part.
        var forgotten = seats.Count == 0 && round.EndedAt < context.Time.GetUtcNow().ToUnixTimeMilliseconds() - (long)context.Options.Retention.TotalMilliseconds;
        int? Reached(ParticipationState state) => forgotten ? null : Shown(seats.Where(seat => StateNames.Parse<ParticipationState>(seat.State) >= state).Sum(seat => seat.Count));
        var open = cohorts.Where(cohort => StateNames.Parse<RoundState>(cohort.State) < RoundState.Aggregating).ToArray();
        return new RoundView(
            round.Number, round.Attempt, StateNames.Parse<RoundState>(round.State), round.Reason, DateTimeOffset.FromUnixTimeMilliseconds(round.StartedAt),
            round.EndedAt is { } ended ? DateTimeOffset.FromUnixTimeMilliseconds(ended) : null,
            round.EndedAt is null && open.Length > 0 ? DateTimeOffset.FromUnixTimeMilliseconds(open.Min(cohort => cohort.Deadline)) : null, task.Cohorts.Goal,
            [.. cohorts.Select(cohort => new StateCount(StateNames.Parse<RoundState>(cohort.State), (int)cohort.Count))],
            new FunnelView(
                Reached(ParticipationState.Offered), Reached(ParticipationState.Joined), Reached(ParticipationState.Keyed), Reached(ParticipationState.Shared),
                Reached(ParticipationState.Submitted), Reached(ParticipationState.Confirmed), Reached(ParticipationState.Unmasked)),
            [.. seats.Where(seat => seat.Dropped is not null).Select(seat => new DropCount(
                StateNames.Parse<ParticipationState>(seat.State), StateNames.Parse<DropReason>(seat.Dropped!), Shown(seat.Count)))],
            round.EndedAt is null ? await InputTables.BytesAsync(transaction, round.Id) : round.BytesReceived, round.Loss, round.Accuracy, round.ReleaseNumber);
    }

    private async Task<BudgetView> BudgetAsync(DatabaseTransaction transaction, TaskRow row, TaskDefinition definition)
    {
        var (terms, curve) = (definition.Privacy, await transaction.QueryAsync<double>(
            "SELECT epsilon FROM adapter_release WHERE task = @Name AND epsilon IS NOT NULL ORDER BY number", new { row.Name }));
        if (terms.Kind == PrivacyKind.None) return new BudgetView(terms.Delta, null, 0, 0, 0, null, []);
        var spent = await transaction.ScalarAsync<long>("SELECT COUNT(*) FROM ledger_entry WHERE ledger = @Name", new { row.Name });
        var (best, renyi, loss) = Epsilons(row.Digest, definition, spent);
        return new BudgetView(terms.Delta, terms.TotalEpsilon, best, renyi, loss, (int)Math.Max(0, Affordable(row.Digest, definition) - spent), curve);
    }

    private (double Best, double Renyi, double Loss) Epsilons(string digest, TaskDefinition task, long rounds) => _epsilons.GetOrAdd((digest, rounds), _ =>
    {
        var (renyi, loss) = TaskPrivacy.BothEpsilons(task, rounds);
        return (TaskPrivacy.Epsilon(task, rounds), renyi, loss);
    });

    // The most rounds that fit the budget, by bisection; no more than the task has.
    private int Affordable(string digest, TaskDefinition task) => _affordable.GetOrAdd(digest, _ =>
    {
        bool Fits(int rounds) => Epsilons(digest, task, rounds).Best <= task.Privacy.TotalEpsilon;
        if (Fits(task.Rounds)) return task.Rounds;
        var (fits, exceeds) = (0, task.Rounds);
        while (exceeds - fits > 1)
        {
            var middle = fits + ((exceeds - fits) / 2);
            if (Fits(middle)) fits = middle;
            else exceeds = middle;
        }

        return fits;
    });

    private int? Shown(long count) => count == 0 || count >= context.Options.SmallestCount ? (int)count : null;

    private sealed class CohortCount
    {
        public string State { get; set; } = string.Empty;

        public long Count { get; set; }

        public long Deadline { get; set; }
    }

    private sealed class SeatCount
    {
        public string State { get; set; } = string.Empty;

        public string? Dropped { get; set; }

        public long Count { get; set; }
    }

    private sealed class ReleaseRow
    {
        public int Number { get; set; }

        public int Round { get; set; }

        public string State { get; set; } = string.Empty;

        public long CreatedAt { get; set; }

        public double? Loss { get; set; }

        public double? Accuracy { get; set; }

        public double? Epsilon { get; set; }

        public long Bytes { get; set; }
    }
}
