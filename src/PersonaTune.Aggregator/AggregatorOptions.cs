using System.ComponentModel.DataAnnotations;

namespace PersonaTune.Aggregator;

/// <summary>How a node of the aggregator works.</summary>
public sealed class AggregatorOptions
{
    /// <summary>The node's name; unique among the nodes of one database. Default: the machine's name and the process id.</summary>
    [Required, StringLength(128, MinimumLength = 1)]
    public string Node { get; set; } = $"{Environment.MachineName}-{Environment.ProcessId}";

    /// <summary>The service's name, which signed requests are bound to; the same on every node.</summary>
    [Required, StringLength(128, MinimumLength = 1)]
    public string Audience { get; set; } = "personatune-aggregator";

    /// <summary>How long a node that died keeps others from driving its rounds, in seconds. Default 15.</summary>
    [Range(0.2, 3600)]
    public double LeaseSeconds { get; set; } = 15;

    /// <summary>How often a node looks for work where nothing wakes it, in seconds. Default 0.5.</summary>
    [Range(0.01, 60)]
    public double PollSeconds { get; set; } = 0.5;

    /// <summary>Threads that remove masks of one cohort. Default: the number of processors.</summary>
    [Range(1, 256)]
    public int UnmaskingThreads { get; set; } = Environment.ProcessorCount;

    /// <summary>Transactions that store reports at once; SQLite has one. Default 4.</summary>
    [Range(1, 64)]
    public int IngestWorkers { get; set; } = 4;

    /// <summary>How far a request's time may lie from the node's clock, in seconds. Default 120.</summary>
    [Range(1, 3600)]
    public double FreshnessSeconds { get; set; } = 120;

    /// <summary>Counts of 1 to this less one are withheld from the dashboard. Default 10.</summary>
    [Range(1, 1000)]
    public int SmallestCount { get; set; } = 10;

    /// <summary>
    /// Days after which seats of ended rounds, canaries' verdicts, changes of state and events are deleted. Rounds, releases and the privacy ledger stay. Default 90.
    /// </summary>
    [Range(1, 36500)]
    public int RetentionDays { get; set; } = 90;

    /// <summary>Whether the node drives rounds; false for a node that only answers devices. Default true.</summary>
    public bool DriveRounds { get; set; } = true;

    /// <summary>Whether PERSONATUNE_FAULT may kill the process. For tests only. Default false.</summary>
    public bool AllowFaults { get; set; }

    internal TimeSpan Lease => TimeSpan.FromSeconds(LeaseSeconds);

    internal TimeSpan Retention => TimeSpan.FromDays(RetentionDays);

    internal TimeSpan Poll => TimeSpan.FromSeconds(PollSeconds);

    internal TimeSpan Freshness => TimeSpan.FromSeconds(FreshnessSeconds);
}
