using PersonaTune.Aggregator.Rounds;
using PersonaTune.Protocol.Tasks;

namespace PersonaTune.Cli.Simulation;

/// <summary>The aggregator's public set of a simulation is the workload's held-out set.</summary>
internal sealed class WorkloadEvaluator(IWorkload workload) : IReleaseEvaluator
{
    /// <inheritdoc/>
    public async Task<Aggregator.Rounds.Evaluation?> EvaluateAsync(TaskDefinition task, ReadOnlyMemory<float> vector, CancellationToken cancellationToken)
    {
        var (loss, accuracy) = await workload.EvaluateAsync(vector, cancellationToken);
        return new Aggregator.Rounds.Evaluation(loss, accuracy);
    }
}
