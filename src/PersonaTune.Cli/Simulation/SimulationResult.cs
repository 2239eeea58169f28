namespace PersonaTune.Cli.Simulation;

/// <summary>A finished simulation.</summary>
/// <param name="Initial">Held-out loss and accuracy before the first round.</param>
/// <param name="Rounds">The rounds.</param>
/// <param name="Reasons">How often participations ended for which reason.</param>
/// <param name="Vector">The last release.</param>
/// <param name="Seconds">How long all of it took, enrolment excluded.</param>
internal sealed record SimulationResult(
    (double Loss, double? Accuracy) Initial, IReadOnlyList<SimulatedRound> Rounds, IReadOnlyDictionary<string, int> Reasons, float[] Vector, double Seconds);
