namespace PersonaTune.Aggregator.Rounds;

/// <summary>How good a global adapter is on a public set.</summary>
/// <param name="Loss">The mean loss; lower is better.</param>
/// <param name="Accuracy">The accuracy, 0 to 1, or null.</param>
public sealed record Evaluation(double Loss, double? Accuracy);
