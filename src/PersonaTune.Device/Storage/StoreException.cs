namespace PersonaTune.Device.Storage;

/// <summary>A store cannot be created, opened or used; derived types tell the reasons that a caller may act on.</summary>
public class StoreException : Exception
{
    /// <summary>Creates the exception: <paramref name="subject"/> is the store or file.</summary>
    public StoreException(string subject, string problem, Exception? innerException = null)
        : base($"{subject}: {problem}", innerException)
    {
        Subject = subject;
        Problem = problem;
    }

    /// <summary>The store or file.</summary>
    public string Subject { get; }

    /// <summary>What was expected, what was found and what to do.</summary>
    public string Problem { get; }
}
