using PersonaTune.Aggregator.Persistence;

namespace PersonaTune.Aggregator.Rounds;

/// <summary>Changes of state: compare-and-swap on (state, version), a row of history and, for tasks and rounds, a line of the event log.</summary>
internal static class History
{
    public const string EventChannel = "events";

    /// <summary>Moves a task.</summary>
    /// <exception cref="StateConflictException">Another transaction moved it first.</exception>
    public static async Task MoveTaskAsync(DatabaseTransaction transaction, TaskRow task, string to, string? reason, string node)
    {
        var now = await transaction.NowAsync();
        if (await transaction.ExecuteAsync(
            "UPDATE task SET state = @to, version = version + 1, changed_at = @now WHERE name = @Name AND state = @State AND version = @Version",
            new { to, now, task.Name, task.State, task.Version }) != 1)
            throw new StateConflictException($"task '{task.Name}'");
        await RecordAsync(transaction, "task", task.Name, task.State, to, reason, node);
        await LogAsync(transaction, task.Name, "task-state", reason is null ? $"Task is {to}" : $"Task is {to}: {reason}");
        (task.State, task.Version) = (to, task.Version + 1);
    }

    /// <summary>Moves a round.</summary>
    /// <exception cref="StateConflictException">Another transaction moved it first.</exception>
    public static async Task MoveRoundAsync(DatabaseTransaction transaction, RoundRow round, string to, string? reason, string node)
    {
        if (await transaction.ExecuteAsync(
            "UPDATE round SET state = @to, version = version + 1, reason = @reason WHERE id = @Id AND state = @State AND version = @Version",
            new { to, reason, round.Id, round.State, round.Version }) != 1)
            throw new StateConflictException($"round '{round.Id}'");
        await RecordAsync(transaction, "round", round.Id, round.State, to, reason, node);
        await LogAsync(transaction, round.Task, "round-state", $"Round {round.Number}, attempt {round.Attempt}: {to}{(reason is null ? string.Empty : $" ({reason})")}");
        (round.State, round.Version) = (to, round.Version + 1);
    }

    /// <summary>Moves a cohort to its next stage with a new deadline.</summary>
    /// <exception cref="StateConflictException">Another transaction moved it first.</exception>
    public static async Task MoveCohortAsync(DatabaseTransaction transaction, CohortRow cohort, string to, long deadline, string? reason, string node)
    {
        if (await transaction.ExecuteAsync(
            "UPDATE cohort SET state = @to, version = version + 1, deadline = @deadline, reason = @reason WHERE id = @Id AND state = @State AND version = @Version",
            new { to, deadline, reason, cohort.Id, cohort.State, cohort.Version }) != 1)
            throw new StateConflictException($"cohort '{cohort.Id}'");
        await RecordAsync(transaction, "cohort", cohort.Id, cohort.State, to, reason, node);
        (cohort.State, cohort.Version, cohort.Deadline) = (to, cohort.Version + 1, deadline);
        transaction.Notify(CohortInfo.ChannelOf(cohort.Id));
        transaction.Notify(TaskDriver.ChannelOf(cohort.Task));
        transaction.Notify(EventChannel);
    }

    public static async Task RecordAsync(DatabaseTransaction transaction, string kind, string subject, string? from, string to, string? reason, string node) =>
        await transaction.ExecuteAsync(
            "INSERT INTO state_history (kind, subject, from_state, to_state, reason, node, changed_at) VALUES (@kind, @subject, @from, @to, @reason, @node, @now)",
            new { kind, subject, from, to, reason, node, now = await transaction.NowAsync() });

    public static async Task LogAsync(DatabaseTransaction transaction, string task, string kind, string text)
    {
        await transaction.ExecuteAsync(
            "INSERT INTO event (occurred_at, task, kind, text) VALUES (@now, @task, @kind, @text)", new { now = await transaction.NowAsync(), task, kind, text });
        transaction.Notify(EventChannel);
    }
}
