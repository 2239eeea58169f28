namespace PersonaTune.Device.Federation;

/// <summary>What local training changed.</summary>
/// <param name="Delta">The difference to the global adapter, one value a coordinate; columns above the trained rank are zero. The client erases it.</param>
/// <param name="Examples">Examples that were trained on. Stays on the device.</param>
/// <param name="LossBefore">The mean loss on the device's held-out examples with the global adapter, or null.</param>
/// <param name="LossAfter">The same after local training, or null.</param>
public sealed record FederatedUpdate(float[] Delta, int Examples, double? LossBefore = null, double? LossAfter = null);
