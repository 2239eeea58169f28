namespace PersonaTune.Aggregator.Persistence;

/// <summary>The database cannot be used: it was made by another version, altered, or does not answer.</summary>
public sealed class DatabaseException : Exception
{
    /// <summary>Names the problem and what to do.</summary>
    public DatabaseException(string problem, Exception? innerException = null)
        : base($"aggregator database: {problem}", innerException)
    {
    }
}
