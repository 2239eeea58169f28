namespace PersonaTune.Engine.Training;

/// <summary>One evaluation on the validation sequences.</summary>
/// <param name="Step">Optimizer steps done before it; 0 is the adapter that training started from.</param>
/// <param name="Loss">Mean negative log-likelihood a target token, in nats.</param>
public sealed record EvaluationPoint(int Step, double Loss);
