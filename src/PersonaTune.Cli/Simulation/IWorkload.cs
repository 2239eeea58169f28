using PersonaTune.Device.Federation;
using PersonaTune.Protocol.Tasks;

namespace PersonaTune.Cli.Simulation;

/// <summary>What virtual devices train on: people with their own data, and a held-out set that no device trains on. Thread-safe.</summary>
internal interface IWorkload : IDisposable
{
    /// <summary>Its name on the command line.</summary>
    string Name { get; }

    /// <summary>What one device of it is, in the plural, for reports.</summary>
    string DeviceNoun { get; }

    /// <summary>What is trained.</summary>
    AdapterTerms Adapter { get; }

    /// <summary>What a device does unless the command line says otherwise.</summary>
    LocalTrainingTerms Training { get; }

    /// <summary>How updates become integers unless the command line says otherwise.</summary>
    double Clip { get; }

    /// <summary>The server's optimizer unless the command line says otherwise.</summary>
    ServerTerms Server { get; }

    /// <summary>The number of people.</summary>
    int People { get; }

    /// <summary>A trainer of a person's data.</summary>
    IFederatedTrainer Trainer(int person);

    /// <summary>Held-out loss and accuracy of a global adapter over all people.</summary>
    Task<(double Loss, double? Accuracy)> EvaluateAsync(ReadOnlyMemory<float> vector, CancellationToken cancellationToken);

    /// <summary>All people's data in one place, trained as plainly as one would: what rounds are compared with.</summary>
    Task<float[]> TrainCentrallyAsync(int epochs, CancellationToken cancellationToken);
}
