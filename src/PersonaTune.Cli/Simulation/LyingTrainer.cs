using PersonaTune.Device.Federation;
using PersonaTune.Protocol.Tasks;

namespace PersonaTune.Cli.Simulation;

/// <summary>A trainer that reports something else than it learned.</summary>
internal sealed class LyingTrainer(IFederatedTrainer honest, LiarKind kind) : IFederatedTrainer
{
    /// <inheritdoc/>
    public string BaseModelDigest => honest.BaseModelDigest;

    /// <inheritdoc/>
    public string SchemaHash => honest.SchemaHash;

    /// <inheritdoc/>
    public int Rank => honest.Rank;

    /// <inheritdoc/>
    public Task<int> CountExamplesAsync(CancellationToken cancellationToken) => honest.CountExamplesAsync(cancellationToken);

    /// <inheritdoc/>
    public async Task<FederatedUpdate> TrainAsync(ReadOnlyMemory<float> start, LocalTrainingTerms terms, CancellationToken cancellationToken)
    {
        var update = await honest.TrainAsync(start, terms, cancellationToken);
        foreach (ref var value in update.Delta.AsSpan()) value = kind == LiarKind.NotANumber ? float.NaN : -100 * value;
        return update;
    }
}
