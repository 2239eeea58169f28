namespace PersonaTune.Cli.Simulation;

/// <summary>A virtual device loses power.</summary>
internal sealed class SimulatedLossException() : Exception("the device is gone");
