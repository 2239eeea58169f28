using System.Text.Json;
using PersonaTune.Aggregator.Persistence;
using PersonaTune.Aggregator.Rounds;
using PersonaTune.Protocol.Wire;

namespace PersonaTune.Aggregator.Maintenance;

/// <summary>
/// Deletes what is about single devices, the history and the leases of ended cohorts, once they are older than <see cref="AggregatorOptions.RetentionDays"/>. Only rows of rounds that have ended go; tasks, rounds, cohorts, releases and
/// ledger entries are never touched. One node does it at a time, under a lease that every transaction checks; the transactions are small, so that reports need not wait for it. Thread-safe.
/// </summary>
internal sealed class RetentionPass(AggregatorContext context, int batch = 2000)
{
    public const string LeaseName = "maintenance";

    private static readonly string[] Statements =
    [
        """
        DELETE FROM participation WHERE (round_id, device) IN (
            SELECT p.round_id, p.device FROM participation p JOIN round r ON r.id = p.round_id WHERE r.ended_at < @cutoff LIMIT @batch)
        """,
        """
        DELETE FROM verdict WHERE (task, number, device) IN (
            SELECT v.task, v.number, v.device FROM verdict v JOIN adapter_release a ON a.task = v.task AND a.number = v.number
            WHERE a.state <> 'canary' AND a.created_at < @cutoff LIMIT @batch)
        """,
        """
        DELETE FROM lease WHERE name IN (
            SELECT l.name FROM cohort c JOIN round r ON r.id = c.round_id JOIN lease l ON l.name = 'cohort/' || c.id WHERE r.ended_at < @cutoff AND l.expires_at < @cutoff LIMIT @batch)
        """,
        "DELETE FROM state_history WHERE id IN (SELECT id FROM state_history WHERE changed_at < @cutoff ORDER BY id LIMIT @batch)",
        "DELETE FROM event WHERE id IN (SELECT id FROM event WHERE occurred_at < @cutoff ORDER BY id LIMIT @batch)",
    ];

    /// <summary>Deletes what is too old; the number of rows, or null if another node is at it.</summary>
    /// <exception cref="LeaseLostException">The lease was lost on the way; what was deleted stays deleted.</exception>
    public async Task<long?> RunAsync(CancellationToken cancellationToken)
    {
        if (await context.Leases.TryAcquireAsync(LeaseName, context.Options.Node, context.Options.Lease, cancellationToken) is not { } lease) return null;
        try
        {
            long deleted = 0;
            foreach (var statement in Statements) deleted += await DeleteAsync(lease, statement, null, cancellationToken);
            foreach (var (task, separation) in await SeparationsAsync(cancellationToken)) deleted += await DeleteSeatsAsync(lease, task, separation, cancellationToken);
            return deleted;
        }
        finally
        {
            await context.Leases.ReleaseAsync(lease, CancellationToken.None);
        }
    }

    // A last seat counts for as long as the task's separation, however short the retention.
    private Task<long> DeleteSeatsAsync(Lease lease, string task, TimeSpan separation, CancellationToken cancellationToken) => DeleteAsync(
        lease, "DELETE FROM last_seat WHERE (task, device) IN (SELECT task, device FROM last_seat WHERE task = @task AND seated_at < @cutoff LIMIT @batch)",
        (task, separation), cancellationToken);

    private async Task<long> DeleteAsync(Lease lease, string statement, (string Name, TimeSpan Separation)? task, CancellationToken cancellationToken)
    {
        var kept = task is { } named && named.Separation > context.Options.Retention ? named.Separation : context.Options.Retention;
        long deleted = 0;
        while (true)
        {
            if (!await context.Leases.RenewAsync(lease, context.Options.Lease, cancellationToken)) throw new LeaseLostException(lease.Name);
            var rows = await context.Database.RunTransactionAsync("retention", async (transaction, _) =>
            {
                await lease.EnsureHeldAsync(transaction);
                var cutoff = await transaction.NowAsync() - (long)kept.TotalMilliseconds;
                var rows = await transaction.ExecuteAsync(statement, new { cutoff, batch, task = task?.Name });
                context.Faults.Reach("retention.before-commit");
                return rows;
            }, cancellationToken);
            deleted += rows;
            if (rows < batch) return deleted;
        }
    }

    private async Task<IReadOnlyList<(string Task, TimeSpan Separation)>> SeparationsAsync(CancellationToken cancellationToken)
    {
        var tasks = await context.Database.ReadAsync(transaction => transaction.QueryAsync<TaskRow>("SELECT name, definition FROM task"), cancellationToken);
        return [.. tasks.Select(task => (task.Name, TimeSpan.FromSeconds(JsonSerializer.Deserialize(task.Definition, ProtocolJson.Default.TaskDefinition)!.Cohorts.SeparationSeconds)))];
    }
}
