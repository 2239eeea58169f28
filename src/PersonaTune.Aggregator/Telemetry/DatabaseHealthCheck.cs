using Microsoft.Extensions.Diagnostics.HealthChecks;
using PersonaTune.Aggregator.Rounds;

namespace PersonaTune.Aggregator.Telemetry;

/// <summary>Ready while the database answers and the service is not stopping.</summary>
internal sealed class DatabaseHealthCheck(AggregatorContext context, IHostApplicationLifetime lifetime) : IHealthCheck
{
    /// <inheritdoc/>
    public async Task<HealthCheckResult> CheckHealthAsync(HealthCheckContext check, CancellationToken cancellationToken = default)
    {
        if (lifetime.ApplicationStopping.IsCancellationRequested) return HealthCheckResult.Unhealthy("stopping");
        try
        {
            await context.Database.ReadAsync(transaction => transaction.ScalarAsync<long>("SELECT COUNT(*) FROM schema_migration"), cancellationToken);
            return HealthCheckResult.Healthy();
        }
        catch (Exception e) when (e is System.Data.Common.DbException or InvalidOperationException or TimeoutException)
        {
            return HealthCheckResult.Unhealthy("the database does not answer", e);
        }
    }
}
