namespace PersonaTune.Device.Federation;

/// <summary>Trains on the device's own examples for one round. Implementations are used for one round at a time.</summary>
public interface IFederatedTrainer
{
    /// <summary>SHA-256 of the base model that it trains on, lower-case hexadecimal.</summary>
    string BaseModelDigest { get; }

    /// <summary>SHA-256 of the layout of its coordinates, lower-case hexadecimal.</summary>
    string SchemaHash { get; }

    /// <summary>The rank that it trains; 0 where the adapter is no LoRA.</summary>
    int Rank { get; }

    /// <summary>The number of examples that it could train on.</summary>
    Task<int> CountExamplesAsync(CancellationToken cancellationToken);

    /// <summary>Trains from the global adapter and gives the difference.</summary>
    /// <param name="start">The released coordinates; do not keep them.</param>
    /// <param name="terms">What the task asks for.</param>
    /// <param name="cancellationToken">Ends the training; nothing is reported then.</param>
    Task<FederatedUpdate> TrainAsync(ReadOnlyMemory<float> start, Protocol.Tasks.LocalTrainingTerms terms, CancellationToken cancellationToken);
}
