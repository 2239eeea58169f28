using PersonaTune.Protocol.Tasks;

namespace PersonaTune.Aggregator.Rounds;

/// <summary>Measures a candidate on a public set before it is released. Thread-safe.</summary>
public interface IReleaseEvaluator
{
    /// <summary>Loss and accuracy, or null where there is no public set for the task.</summary>
    Task<Evaluation?> EvaluateAsync(TaskDefinition task, ReadOnlyMemory<float> vector, CancellationToken cancellationToken);
}
