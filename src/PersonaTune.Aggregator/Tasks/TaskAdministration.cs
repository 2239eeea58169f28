using System.Security.Cryptography;
using System.Text;
using PersonaTune.Aggregator.Rounds;
using PersonaTune.Privacy.Signing;
using PersonaTune.Protocol.Operations;
using PersonaTune.Protocol.Problems;
using PersonaTune.Protocol.Tasks;

namespace PersonaTune.Aggregator.Tasks;

/// <summary>Administration over the database.</summary>
internal sealed class TaskAdministration(AggregatorContext context) : ITaskAdministration
{
    private readonly DashboardReader _reader = new(context);

    /// <inheritdoc/>
    public async Task<TaskView> CreateAsync(ReadOnlyMemory<byte> envelope, CancellationToken cancellationToken)
    {
        var json = new EnvelopeVerifier([context.Keys.OperatorPublicKey]).Open(envelope.Span, TaskDefinition.SigningContext);
        var task = TaskValidation.Read(json.Span);
        var digest = Convert.ToHexStringLower(SHA256.HashData(envelope.Span));
        await context.Database.RunTransactionAsync("create-task", async transaction =>
        {
            var now = await transaction.NowAsync();
            var added = await transaction.ExecuteAsync("""
                INSERT INTO task (name, envelope, definition, digest, state, version, sequence, created_at, changed_at)
                VALUES (@Name, @bytes, @definition, @digest, 'open', 1, 0, @now, @now) ON CONFLICT (name) DO NOTHING
                """, new { task.Name, bytes = envelope.ToArray(), definition = Encoding.UTF8.GetString(json.Span), digest, now });
            if (added == 0)
            {
                if (await transaction.FirstOrDefaultAsync<string>("SELECT digest FROM task WHERE name = @Name", new { task.Name }) == digest) return;
                throw new TaskInvalidException($"another task is named '{task.Name}'; give this one another name");
            }

            await History.RecordAsync(transaction, "task", task.Name, null, TaskState.Open.Name(), null, context.Options.Node);
            await History.LogAsync(transaction, task.Name, "task-state", "Task is open");
            transaction.Notify(RoundWorker.WorkChannel);
        }, cancellationToken);
        return await _reader.ReadAsync(task.Name, cancellationToken);
    }

    /// <inheritdoc/>
    public async Task<TaskView> ChangeAsync(string task, TaskChange change, CancellationToken cancellationToken)
    {
        using var signer = context.Keys.OperatorSigner();
        await context.Database.RunTransactionAsync("change-task", async transaction =>
        {
            var row = await transaction.FirstOrDefaultAsync<TaskRow>(
                $"SELECT name, definition, state, version, sequence FROM task WHERE name = @task{transaction.Dialect.ForUpdate}", new { task })
                ?? throw new RequestException(404, ProblemTypes.NotFound, $"there is no task '{task}'");
            if (change.State is { } state)
            {
                var from = StateNames.Parse<TaskState>(row.State);
                var allowed = (from, state) is (TaskState.Open, TaskState.Paused) or (TaskState.Paused, TaskState.Open)
                    or (TaskState.Open or TaskState.Paused or TaskState.Draft, TaskState.Cancelled) or (TaskState.Draft, TaskState.Open);
                if (!allowed) throw new RequestException(409, ProblemTypes.WrongState, $"task '{task}' is {row.State} and cannot become {state.Name()}");
                await History.MoveTaskAsync(transaction, row, state.Name(), "by the operator", context.Options.Node);
            }

            if (change.RollBackTo is { } release)
            {
                try
                {
                    var definition = TaskValidation.Read(Encoding.UTF8.GetBytes(row.Definition));
                    await TaskDriver.RollBackAsync(transaction, definition, signer, release, "by the operator", context.Options.Node);
                }
                catch (InvalidOperationException e)
                {
                    throw new RequestException(404, ProblemTypes.NotFound, e.Message);
                }
            }

            transaction.Notify(TaskDriver.ChannelOf(task));
            transaction.Notify(RoundWorker.WorkChannel);
        }, cancellationToken);
        return await _reader.ReadAsync(task, cancellationToken);
    }

    /// <inheritdoc/>
    public Task<DashboardView> GetDashboardAsync(CancellationToken cancellationToken) => _reader.ReadAllAsync(cancellationToken);

    /// <inheritdoc/>
    public async Task<IReadOnlyList<EventView>> ReadEventsAsync(long after, int limit, CancellationToken cancellationToken)
    {
        var rows = await context.Database.ReadAsync(transaction => transaction.QueryAsync<EventRow>(
            after < 0
                ? "SELECT id, occurred_at, task, kind, text FROM event ORDER BY id DESC LIMIT @limit"
                : "SELECT id, occurred_at, task, kind, text FROM event WHERE id > @after ORDER BY id LIMIT @limit", new { after, limit }), cancellationToken);
        return [.. rows.OrderBy(row => row.Id).Select(row => new EventView(row.Id, DateTimeOffset.FromUnixTimeMilliseconds(row.OccurredAt), row.Task, row.Kind, row.Text))];
    }

    /// <inheritdoc/>
    public Task NextChange() => context.Database.Signals.Next(History.EventChannel);

    private sealed class EventRow
    {
        public long Id { get; set; }

        public long OccurredAt { get; set; }

        public string Task { get; set; } = string.Empty;

        public string Kind { get; set; } = string.Empty;

        public string Text { get; set; } = string.Empty;
    }
}
