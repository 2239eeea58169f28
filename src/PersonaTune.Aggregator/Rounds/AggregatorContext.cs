using PersonaTune.Aggregator.Persistence;

namespace PersonaTune.Aggregator.Rounds;

/// <summary>What every part of a node works with. Thread-safe, as its parts are.</summary>
internal sealed record AggregatorContext(
    AggregatorDatabase Database, AggregatorOptions Options, AggregatorKeys Keys, IFaultPoints Faults, IReleaseEvaluator Evaluator, TimeProvider Time)
{
    public LeaseStore Leases { get; } = new(Database);
}
