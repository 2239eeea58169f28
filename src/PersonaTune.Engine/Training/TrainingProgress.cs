namespace PersonaTune.Engine.Training;

/// <summary>Reported after every optimizer step.</summary>
/// <param name="Step">Optimizer steps done.</param>
/// <param name="TotalSteps">Optimizer steps planned; early stopping may end before.</param>
/// <param name="Epoch">Epoch of this step, from 1.</param>
/// <param name="Loss">Mean negative log-likelihood of the step's target tokens, in nats.</param>
/// <param name="LearningRate">Rate that the step used.</param>
/// <param name="GradientNorm">Euclidean norm of the gradient before clipping.</param>
/// <param name="TokensPerSecond">Tokens of the step over its time.</param>
/// <param name="Remaining">Estimated time until <paramref name="TotalSteps"/>, pauses aside.</param>
/// <param name="ValidationLoss">Mean validation loss, in nats, where an evaluation followed this step; otherwise null.</param>
public sealed record TrainingProgress(int Step, int TotalSteps, int Epoch, double Loss, float LearningRate, double GradientNorm,
    double TokensPerSecond, TimeSpan Remaining, double? ValidationLoss);
