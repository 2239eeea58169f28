namespace PersonaTune.Privacy.SecureAggregation;

/// <summary>
/// A value of the secure aggregation protocol is malformed, or a round cannot keep what it promises. Derived types say which.
/// </summary>
public class SecureAggregationException : Exception
{
    /// <summary>Creates the exception: <paramref name="problem"/> says what was expected, what was found and what to do.</summary>
    public SecureAggregationException(string subject, string problem, Exception? innerException = null)
        : base($"{subject}: {problem}", innerException)
    {
        Subject = subject;
        Problem = problem;
    }

    /// <summary>What was refused: a share, a public key, a packed vector, a round.</summary>
    public string Subject { get; }

    /// <summary>What was expected, what was found and what to do.</summary>
    public string Problem { get; }
}
