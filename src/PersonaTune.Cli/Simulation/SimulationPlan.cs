using PersonaTune.Aggregator.Persistence;
using PersonaTune.Protocol.Tasks;

namespace PersonaTune.Cli.Simulation;

/// <summary>A simulation.</summary>
internal sealed record SimulationPlan
{
    /// <summary>Devices of the fleet.</summary>
    public required int Devices { get; init; }

    /// <summary>Rounds.</summary>
    public required int Rounds { get; init; }

    /// <summary>Reports a round.</summary>
    public required int Goal { get; init; }

    /// <summary>Devices of a cohort at most.</summary>
    public int CohortSize { get; init; } = 100;

    /// <summary>The fraction of a cohort that must remain.</summary>
    public double MinimumFraction { get; init; } = 0.6;

    /// <summary>How reports are summed.</summary>
    public AggregationKind Aggregation { get; init; } = AggregationKind.Secure;

    /// <summary>Who adds noise.</summary>
    public PrivacyKind Privacy { get; init; } = PrivacyKind.Distributed;

    /// <summary>The noise multiplier.</summary>
    public double NoiseMultiplier { get; init; } = 1;

    /// <summary>The target delta.</summary>
    public double Delta { get; init; } = 1e-5;

    /// <summary>The clip norm; null for the workload's.</summary>
    public double? Clip { get; init; }

    /// <summary>Seconds of the short stages.</summary>
    public double StageSeconds { get; init; } = 30;

    /// <summary>Seconds for recruiting and for uploads.</summary>
    public double LongStageSeconds { get; init; } = 120;

    /// <summary>The server's optimizer; null for the workload's.</summary>
    public ServerTerms? Server { get; init; }

    /// <summary>What devices do; null for the workload's.</summary>
    public LocalTrainingTerms? Training { get; init; }

    /// <summary>What goes wrong.</summary>
    public FaultPlan Faults { get; init; } = new();

    /// <summary>Where the aggregator keeps its state; null for a temporary file.</summary>
    public DatabaseOptions? Database { get; init; }
}
