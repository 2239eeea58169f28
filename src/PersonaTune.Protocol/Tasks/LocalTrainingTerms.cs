namespace PersonaTune.Protocol.Tasks;

/// <summary>What a device does before it reports.</summary>
/// <param name="Epochs">Passes over the device's examples.</param>
/// <param name="MaximumSteps">Optimizer steps at most; 0 for no limit.</param>
/// <param name="LearningRate">The local learning rate.</param>
/// <param name="BatchExamples">Examples a step.</param>
/// <param name="Proximal">The proximal term mu (FedProx); 0 for none.</param>
/// <param name="MinimumExamples">A device with fewer examples does not take part.</param>
public sealed record LocalTrainingTerms(
    int Epochs, int MaximumSteps, double LearningRate, int BatchExamples, double Proximal = 0, int MinimumExamples = 1);
