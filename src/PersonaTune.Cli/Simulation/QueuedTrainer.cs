using PersonaTune.Device.Federation;
using PersonaTune.Protocol.Tasks;

namespace PersonaTune.Cli.Simulation;

/// <summary>Trains as many devices at once as there are processors.</summary>
internal sealed class QueuedTrainer(IFederatedTrainer trainer, SemaphoreSlim processors) : IFederatedTrainer
{
    /// <inheritdoc/>
    public string BaseModelDigest => trainer.BaseModelDigest;

    /// <inheritdoc/>
    public string SchemaHash => trainer.SchemaHash;

    /// <inheritdoc/>
    public int Rank => trainer.Rank;

    /// <inheritdoc/>
    public Task<int> CountExamplesAsync(CancellationToken cancellationToken) => trainer.CountExamplesAsync(cancellationToken);

    /// <inheritdoc/>
    public async Task<FederatedUpdate> TrainAsync(ReadOnlyMemory<float> start, LocalTrainingTerms terms, CancellationToken cancellationToken)
    {
        await processors.WaitAsync(cancellationToken);
        try
        {
            return await Task.Run(() => trainer.TrainAsync(start, terms, cancellationToken), cancellationToken);
        }
        finally
        {
            processors.Release();
        }
    }
}
