using System.Security.Cryptography.X509Certificates;
using PersonaTune.Aggregator.Enrolment;
using PersonaTune.Aggregator.Persistence;
using PersonaTune.Aggregator.Rounds;

namespace PersonaTune.Aggregator.Hosting;

/// <summary>Everything that a node is made of.</summary>
public sealed class AggregatorHostOptions
{
    /// <summary>The node.</summary>
    public AggregatorOptions Aggregator { get; set; } = new();

    /// <summary>The database.</summary>
    public DatabaseOptions Database { get; set; } = new();

    /// <summary>The folder of keys that <see cref="ServiceFolder"/> made.</summary>
    public required ServiceFolder Keys { get; set; }

    /// <summary>Where it listens. Default: a loopback address.</summary>
    public string Urls { get; set; } = "http://127.0.0.1:5080";

    /// <summary>The TLS certificate with its key; required for https addresses. Default null.</summary>
    public X509Certificate2? Certificate { get; set; }

    /// <summary>Whether the node answers devices and operators and drives rounds. Default true.</summary>
    public bool ServeAggregator { get; set; } = true;

    /// <summary>Whether the node also is the enrolment authority; run it apart in production. Default true.</summary>
    public bool ServeAuthority { get; set; } = true;

    /// <summary>The authority.</summary>
    public AuthorityOptions Authority { get; set; } = new();

    /// <summary>Public keys (65 bytes) of vendors whose attestations are believed, besides enrolment tokens.</summary>
    public IReadOnlyList<ReadOnlyMemory<byte>> VendorKeys { get; set; } = [];

    /// <summary>Whether the dashboard can be read without the operator's token. Default true.</summary>
    public bool PublicDashboard { get; set; } = true;

    /// <summary>Requests a second that one device or address may send on average; 0 for no limit. Default 50.</summary>
    public int RequestsPerSecond { get; set; } = 50;

    /// <summary>The address of an OTLP collector, or null.</summary>
    public Uri? OtlpEndpoint { get; set; }

    /// <summary>Measures candidates on a public set; null for none.</summary>
    public IReleaseEvaluator? Evaluator { get; set; }

    /// <summary>The least severe log lines to write. Default: information.</summary>
    public LogLevel LogLevel { get; set; } = LogLevel.Information;

    /// <summary>The clock.</summary>
    public TimeProvider Time { get; set; } = TimeProvider.System;
}
