namespace PersonaTune.Engine;

/// <summary>
/// A failure that the engine foresees: its message names the subject, what was expected, what was found and what to do.
/// Derived types carry the details as properties.
/// </summary>
public class EngineException : Exception
{
    /// <summary>Creates the exception.</summary>
    public EngineException(string message) : base(message)
    {
    }

    /// <summary>Creates the exception with its cause.</summary>
    public EngineException(string message, Exception? innerException) : base(message, innerException)
    {
    }
}
