namespace PersonaTune.Engine.Training;

/// <summary>Training cannot start or go on: unusable examples, or a loss that is no longer finite.</summary>
public sealed class TrainingException : EngineException
{
    /// <summary>Creates the exception.</summary>
    public TrainingException(string message) : base(message)
    {
    }
}
