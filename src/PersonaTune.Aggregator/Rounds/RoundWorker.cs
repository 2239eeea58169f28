using System.Collections.Concurrent;
using System.Data.Common;
using PersonaTune.Aggregator.Persistence;

namespace PersonaTune.Aggregator.Rounds;

/// <summary>
/// A node's share of the driving: looks for tasks and cohorts that nobody drives, takes their leases and drives them until they end or the lease is lost.
/// </summary>
internal sealed partial class RoundWorker(AggregatorContext context, ILogger<RoundWorker> logger) : BackgroundService
{
    public const string WorkChannel = "work";

    private readonly ConcurrentDictionary<string, Task> _driven = new(StringComparer.Ordinal);
    private readonly CohortDirectory _cohorts = new(context.Database);

    /// <inheritdoc/>
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        if (!context.Options.DriveRounds) return;
        var purged = context.Time.GetTimestamp();
        while (!stoppingToken.IsCancellationRequested)
        {
            var signal = context.Database.Signals.Next(WorkChannel);
            try
            {
                await FindAsync(stoppingToken);
                if (context.Time.GetElapsedTime(purged) > TimeSpan.FromMinutes(1))
                {
                    purged = context.Time.GetTimestamp();
                    await PurgeAsync(stoppingToken);
                }

                await context.Database.WaitAsync(signal, context.Options.Poll, stoppingToken);
            }
            catch (Exception e) when (e is DbException or DatabaseException or TimeoutException or InvalidOperationException)
            {
                LookFailed(logger, e);
                await Task.Delay(context.Options.Poll, context.Time, stoppingToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            }
            catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
            {
                break;
            }
        }

        await Task.WhenAll(_driven.Values).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
    }

    private async Task FindAsync(CancellationToken stoppingToken)
    {
        var (tasks, cohorts) = await context.Database.ReadAsync(async transaction => (
            await transaction.QueryAsync<string>("""
                SELECT name FROM task WHERE state IN ('open', 'paused') OR EXISTS (SELECT 1 FROM round r WHERE r.task = task.name AND r.ended_at IS NULL)
                    OR EXISTS (SELECT 1 FROM adapter_release a WHERE a.task = task.name AND a.state = 'canary')
                """),
            await transaction.QueryAsync<string>("SELECT id FROM cohort WHERE state NOT IN ('aggregating', 'abandoned')")), stoppingToken);
        foreach (var task in tasks)
        {
            Drive(TaskDriver.LeaseOf(task), TaskDriver.ChannelOf(task), lease =>
            {
                var driver = new TaskDriver(context, task, lease);
                return (driver.StepAsync, null);
            }, stoppingToken);
        }

        foreach (var cohort in cohorts)
        {
            var info = await _cohorts.GetAsync(cohort, stoppingToken);
            Drive(CohortDriver.LeaseOf(cohort), CohortDriver.ChannelOf(cohort), lease =>
            {
                var driver = CohortDriver.Create(context, info, lease);
                return (driver.StepAsync, driver);
            }, stoppingToken);
        }
    }

    private void Drive(string name, string channel, Func<Lease, (Func<CancellationToken, Task<bool>> Step, IDisposable? Owner)> create, CancellationToken stoppingToken)
    {
        if (_driven.ContainsKey(name)) return;
        _driven[name] = Task.Run(async () =>
        {
            try
            {
                if (await context.Leases.TryAcquireAsync(name, context.Options.Node, context.Options.Lease, stoppingToken) is { } lease)
                    await DriveAsync(lease, channel, create, stoppingToken);
            }
            catch (Exception e) when (e is not OperationCanceledException || !stoppingToken.IsCancellationRequested)
            {
                DriverFailed(logger, name, e);
            }
            finally
            {
                _driven.TryRemove(name, out _);
            }
        }, CancellationToken.None);
    }

    private async Task DriveAsync(
        Lease lease, string channel, Func<Lease, (Func<CancellationToken, Task<bool>> Step, IDisposable? Owner)> create, CancellationToken stoppingToken)
    {
        using var lost = CancellationTokenSource.CreateLinkedTokenSource(stoppingToken);
        var renewing = RenewAsync(lease, lost);
        var (step, owner) = create(lease);
        using (owner)
        {
            try
            {
                while (!lost.IsCancellationRequested)
                {
                    var signal = context.Database.Signals.Next(channel);
                    try
                    {
                        if (await step(lost.Token)) break;
                    }
                    catch (StateConflictException)
                    {
                        continue;
                    }

                    await context.Database.WaitAsync(signal, context.Options.Poll, lost.Token);
                }
            }
            catch (Exception e) when (e is LeaseLostException || (e is OperationCanceledException && lost.IsCancellationRequested))
            {
                LeaseLost(logger, lease.Name);
            }
            finally
            {
                await lost.CancelAsync();
                await renewing;
                await context.Leases.ReleaseAsync(lease, CancellationToken.None);
            }
        }
    }

    // Renewed beside the work: removing the masks of a large cohort may take longer than the lease.
    private async Task RenewAsync(Lease lease, CancellationTokenSource lost)
    {
        try
        {
            while (true)
            {
                await Task.Delay(context.Options.Lease / 3, context.Time, lost.Token);
                if (await context.Leases.RenewAsync(lease, context.Options.Lease, lost.Token)) continue;
                await lost.CancelAsync();
                return;
            }
        }
        catch (OperationCanceledException)
        {
            // The driver has ended.
        }
        catch (Exception e) when (e is DbException or InvalidOperationException)
        {
            await lost.CancelAsync();
        }
    }

    private async Task PurgeAsync(CancellationToken stoppingToken) => await context.Database.RunTransactionAsync("purge-requests", async transaction =>
        await transaction.ExecuteAsync("DELETE FROM request WHERE expires_at < @now", new { now = await transaction.NowAsync() }), stoppingToken);

    [LoggerMessage(1, LogLevel.Warning, "Looking for work failed; trying again")]
    private static partial void LookFailed(ILogger logger, Exception exception);

    [LoggerMessage(2, LogLevel.Error, "Driving {Name} failed; trying again")]
    private static partial void DriverFailed(ILogger logger, string name, Exception exception);

    [LoggerMessage(3, LogLevel.Information, "The lease {Name} was given up")]
    private static partial void LeaseLost(ILogger logger, string name);
}
