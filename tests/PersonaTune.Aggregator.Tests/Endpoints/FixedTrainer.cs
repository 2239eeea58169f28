using PersonaTune.Device.Federation;
using PersonaTune.Protocol.Tasks;

namespace PersonaTune.Aggregator.Tests.Endpoints;

/// <summary>Every coordinate grows by a tenth.</summary>
internal sealed class FixedTrainer(TaskDefinition task) : IFederatedTrainer
{
    public string BaseModelDigest => task.Adapter.BaseModelDigest;

    public string SchemaHash => task.Adapter.SchemaHash;

    public int Rank => 0;

    public Task<int> CountExamplesAsync(CancellationToken cancellationToken) => Task.FromResult(10);

    public Task<FederatedUpdate> TrainAsync(ReadOnlyMemory<float> start, LocalTrainingTerms terms, CancellationToken cancellationToken) =>
        Task.FromResult(new FederatedUpdate([.. Enumerable.Repeat(0.1f, start.Length)], 10));
}
