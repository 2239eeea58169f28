using System.Diagnostics.Metrics;

namespace PersonaTune.Aggregator.Persistence;

/// <summary>Counts transactions by name.</summary>
internal sealed class DatabaseMetrics : IDisposable
{
    public const string MeterName = "PersonaTune.Aggregator.Database";

    private readonly Meter _meter = new(MeterName);
    private readonly Counter<long> _transactions;
    private readonly Counter<long> _retries;
    private readonly Histogram<double> _duration;

    public DatabaseMetrics()
    {
        _transactions = _meter.CreateCounter<long>("personatune_db_transactions", null, "Transactions by name and outcome");
        _retries = _meter.CreateCounter<long>("personatune_db_retries", null, "Transactions that were tried again");
        _duration = _meter.CreateHistogram<double>("personatune_db_transaction_seconds", "s", "Duration of transactions, retries included");
    }

    public void Ended(string name, bool committed, TimeSpan duration)
    {
        _transactions.Add(1, new("name", name), new("outcome", committed ? "committed" : "failed"));
        _duration.Record(duration.TotalSeconds, new KeyValuePair<string, object?>("name", name));
    }

    public void Retried(string name) => _retries.Add(1, new KeyValuePair<string, object?>("name", name));

    public void Dispose() => _meter.Dispose();
}
