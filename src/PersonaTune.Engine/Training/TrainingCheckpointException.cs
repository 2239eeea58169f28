namespace PersonaTune.Engine.Training;

/// <summary>A training checkpoint cannot be resumed.</summary>
public sealed class TrainingCheckpointException : EngineException
{
    /// <summary>Creates the exception.</summary>
    public TrainingCheckpointException(TrainingCheckpointProblem problem, string message) : base($"training checkpoint: {message}") => Problem = problem;

    /// <summary>The kind of problem.</summary>
    public TrainingCheckpointProblem Problem { get; }
}
