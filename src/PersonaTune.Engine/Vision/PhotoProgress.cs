namespace PersonaTune.Engine.Vision;

/// <summary>Where a training stands.</summary>
/// <param name="Epoch">Epochs done.</param>
/// <param name="Epochs">Epochs in all.</param>
/// <param name="Loss">Mean loss of the last one.</param>
public sealed record PhotoProgress(int Epoch, int Epochs, double Loss);
