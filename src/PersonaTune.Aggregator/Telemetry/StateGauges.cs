using System.Diagnostics.Metrics;
using PersonaTune.Aggregator.Rounds;
using PersonaTune.Protocol.Rounds;

namespace PersonaTune.Aggregator.Telemetry;

/// <summary>Gauges of what the database says, read every few seconds: rounds in each state, reports, releases, epsilon spent.</summary>
internal sealed partial class StateGauges(AggregatorContext context, ILogger<StateGauges> logger) : BackgroundService
{
    public const string MeterName = "PersonaTune.Aggregator.State";

    private readonly Meter _meter = new(MeterName);
    private volatile IReadOnlyList<Measurement<long>> _rounds = [];
    private volatile IReadOnlyList<Measurement<double>> _epsilon = [];
    private volatile IReadOnlyList<Measurement<long>> _releases = [];

    /// <inheritdoc/>
    public override void Dispose()
    {
        _meter.Dispose();
        base.Dispose();
    }

    /// <inheritdoc/>
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        _meter.CreateObservableGauge("personatune_rounds", () => _rounds, null, "Attempts at rounds by task and state");
        _meter.CreateObservableGauge("personatune_epsilon_spent", () => _epsilon, null, "Epsilon that a task's releases have spent");
        _meter.CreateObservableGauge("personatune_releases", () => _releases, null, "Releases by task");
        while (!stoppingToken.IsCancellationRequested)
        {
            try
            {
                await ReadAsync(stoppingToken);
            }
            catch (Exception e) when (e is System.Data.Common.DbException or InvalidOperationException or TimeoutException)
            {
                Failed(logger, e);
            }

            await Task.Delay(TimeSpan.FromSeconds(5), context.Time, stoppingToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    private async Task ReadAsync(CancellationToken cancellationToken)
    {
        var (rounds, releases) = await context.Database.ReadAsync(async transaction => (
            await transaction.QueryAsync<RoundCount>("SELECT task, state, COUNT(*) AS count FROM round GROUP BY task, state"),
            await transaction.QueryAsync<ReleaseCount>("SELECT task, COUNT(*) AS count, MAX(epsilon) AS epsilon FROM adapter_release GROUP BY task")), cancellationToken);
        // Every state from the start: a series that appears late looks like a jump.
        _rounds = [.. rounds.Select(row => row.Task).Distinct(StringComparer.Ordinal).SelectMany(task => Enum.GetValues<RoundState>().Select(state => new Measurement<long>(
            rounds.FirstOrDefault(row => row.Task == task && row.State == state.Name())?.Count ?? 0, new KeyValuePair<string, object?>("task", task), new KeyValuePair<string, object?>("state", state.Name()))))];
        _releases = [.. releases.Select(row => new Measurement<long>(row.Count, new KeyValuePair<string, object?>("task", row.Task)))];
        _epsilon = [.. releases.Select(row => new Measurement<double>(row.Epsilon ?? 0, new KeyValuePair<string, object?>("task", row.Task)))];
    }

    [LoggerMessage(20, LogLevel.Warning, "Reading the gauges failed")]
    private static partial void Failed(ILogger logger, Exception exception);

    private sealed class RoundCount
    {
        public string Task { get; set; } = string.Empty;

        public string State { get; set; } = string.Empty;

        public long Count { get; set; }
    }

    private sealed class ReleaseCount
    {
        public string Task { get; set; } = string.Empty;

        public long Count { get; set; }

        public double? Epsilon { get; set; }
    }
}
