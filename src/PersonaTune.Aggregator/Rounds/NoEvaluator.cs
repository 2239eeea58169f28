using PersonaTune.Protocol.Tasks;

namespace PersonaTune.Aggregator.Rounds;

/// <summary>There is no public set.</summary>
internal sealed class NoEvaluator : IReleaseEvaluator
{
    /// <inheritdoc/>
    public Task<Evaluation?> EvaluateAsync(TaskDefinition task, ReadOnlyMemory<float> vector, CancellationToken cancellationToken) =>
        System.Threading.Tasks.Task.FromResult<Evaluation?>(null);
}
