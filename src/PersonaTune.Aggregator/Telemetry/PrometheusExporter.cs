using System.Collections.Concurrent;
using System.Diagnostics.Metrics;
using System.Globalization;
using System.Text;

namespace PersonaTune.Aggregator.Telemetry;

/// <summary>
/// Collects the meters whose names begin with <c>PersonaTune</c>, and those of ASP.NET Core's server, and writes them in Prometheus's text format 0.0.4. Thread-safe.
/// </summary>
internal sealed class PrometheusExporter : IDisposable
{
    public const string ContentType = "text/plain; version=0.0.4; charset=utf-8";

    private static readonly double[] Buckets = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30];
    // By name: several services in one process share a line.
    private readonly ConcurrentDictionary<string, (string Kind, string Help, ConcurrentDictionary<string, Series> Series)> _instruments = new(StringComparer.Ordinal);
    private readonly MeterListener _listener = new();

    public PrometheusExporter()
    {
        _listener.InstrumentPublished = (instrument, listener) =>
        {
            if (instrument.Meter.Name.StartsWith("PersonaTune", StringComparison.Ordinal) || instrument.Meter.Name is "Microsoft.AspNetCore.Hosting" or "Microsoft.AspNetCore.Server.Kestrel" or "System.Runtime")
                listener.EnableMeasurementEvents(instrument);
        };
        _listener.SetMeasurementEventCallback<long>((instrument, value, tags, _) => Record(instrument, value, tags));
        _listener.SetMeasurementEventCallback<int>((instrument, value, tags, _) => Record(instrument, value, tags));
        _listener.SetMeasurementEventCallback<double>((instrument, value, tags, _) => Record(instrument, value, tags));
        _listener.Start();
    }

    /// <summary>Everything collected so far.</summary>
    public string Write()
    {
        _listener.RecordObservableInstruments();
        var text = new StringBuilder();
        foreach (var (name, (kind, help, all)) in _instruments.OrderBy(pair => pair.Key, StringComparer.Ordinal))
        {
            text.Append(CultureInfo.InvariantCulture, $"# HELP {name} {help}\n# TYPE {name} {kind}\n");
            foreach (var (labels, series) in all.OrderBy(pair => pair.Key, StringComparer.Ordinal)) series.Write(text, name, labels, kind == "histogram");
        }

        return text.ToString();
    }

    /// <inheritdoc/>
    public void Dispose() => _listener.Dispose();

    private static string Kind(Instrument instrument) => instrument.GetType().Name.Split('`')[0] switch
    {
        "Counter" or "ObservableCounter" => "counter",
        "Histogram" => "histogram",
        _ => "gauge",
    };

    private static string Name(Instrument instrument)
    {
        var name = new string([.. instrument.Name.Select(c => char.IsAsciiLetterOrDigit(c) ? c : '_')]);
        return Kind(instrument) == "counter" && !name.EndsWith("_total", StringComparison.Ordinal) ? name + "_total" : name;
    }

    private static string Escape(string text) => text.Replace("\\", "\\\\", StringComparison.Ordinal).Replace("\n", "\\n", StringComparison.Ordinal);

    private void Record(Instrument instrument, double value, ReadOnlySpan<KeyValuePair<string, object?>> tags)
    {
        var labels = string.Empty;
        if (tags.Length > 0)
        {
            var parts = new List<string>(tags.Length);
            foreach (var (key, tag) in tags)
            {
                var label = new string([.. key.Select(c => char.IsAsciiLetterOrDigit(c) ? c : '_')]);
                var content = Escape(Convert.ToString(tag, CultureInfo.InvariantCulture) ?? string.Empty).Replace("\"", "\\\"", StringComparison.Ordinal);
                parts.Add($"{label}=\"{content}\"");
            }

            labels = string.Join(',', parts.Order(StringComparer.Ordinal));
        }

        var series = _instruments.GetOrAdd(
            Name(instrument), _ => (Kind(instrument), Escape(instrument.Description ?? instrument.Name), new ConcurrentDictionary<string, Series>(StringComparer.Ordinal))).Series.GetOrAdd(labels, _ => new Series());
        series.Record(value, Kind(instrument), instrument is ObservableInstrument<long> or ObservableInstrument<double> or ObservableInstrument<int>);
    }

    private sealed class Series
    {
        private readonly Lock _lock = new();
        private readonly long[] _counts = new long[Buckets.Length + 1];
        private double _value;
        private long _count;

        public void Record(double value, string kind, bool absolute)
        {
            lock (_lock)
            {
                if (kind == "histogram")
                {
                    var bucket = Array.FindIndex(Buckets, bound => value <= bound);
                    _counts[bucket < 0 ? Buckets.Length : bucket]++;
                    _count++;
                    _value += value;
                }
                else
                {
                    _value = absolute ? value : _value + value;
                }
            }
        }

        public void Write(StringBuilder text, string name, string labels, bool histogram)
        {
            lock (_lock)
            {
                var braces = labels.Length > 0 ? $"{{{labels}}}" : string.Empty;
                if (!histogram)
                {
                    text.Append(CultureInfo.InvariantCulture, $"{name}{braces} {_value}\n");
                    return;
                }

                var (sofar, comma) = (0L, labels.Length > 0 ? "," : string.Empty);
                for (var i = 0; i <= Buckets.Length; i++)
                {
                    sofar += _counts[i];
                    var bound = i < Buckets.Length ? Buckets[i].ToString(CultureInfo.InvariantCulture) : "+Inf";
                    text.Append(CultureInfo.InvariantCulture, $"{name}_bucket{{{labels}{comma}le=\"{bound}\"}} {sofar}\n");
                }

                text.Append(CultureInfo.InvariantCulture, $"{name}_sum{braces} {_value}\n{name}_count{braces} {_count}\n");
            }
        }
    }
}
