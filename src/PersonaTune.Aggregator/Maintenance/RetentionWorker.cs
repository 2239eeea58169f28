using System.Data.Common;
using PersonaTune.Aggregator.Persistence;
using PersonaTune.Aggregator.Rounds;

namespace PersonaTune.Aggregator.Maintenance;

/// <summary>Runs <see cref="RetentionPass"/> at the node's start and once an hour.</summary>
internal sealed partial class RetentionWorker(AggregatorContext context, ILogger<RetentionWorker> logger) : BackgroundService
{
    private static readonly TimeSpan Period = TimeSpan.FromHours(1);

    /// <inheritdoc/>
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        if (!context.Options.DriveRounds) return;
        var pass = new RetentionPass(context);
        while (!stoppingToken.IsCancellationRequested)
        {
            try
            {
                if (await pass.RunAsync(stoppingToken) is > 0 and var rows) Deleted(logger, rows, context.Options.RetentionDays);
            }
            catch (Exception e) when (e is DbException or DatabaseException or LeaseLostException or TimeoutException or InvalidOperationException)
            {
                PassFailed(logger, e);
            }
            catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
            {
                break;
            }

            await Task.Delay(Period, context.Time, stoppingToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    [LoggerMessage(30, LogLevel.Information, "Deleted {Rows} rows that were older than {Days} days")]
    private static partial void Deleted(ILogger logger, long rows, int days);

    [LoggerMessage(31, LogLevel.Warning, "Deleting old rows failed; trying again in an hour")]
    private static partial void PassFailed(ILogger logger, Exception exception);
}
