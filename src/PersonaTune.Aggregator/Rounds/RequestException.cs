namespace PersonaTune.Aggregator.Rounds;

/// <summary>A request cannot be carried out; becomes a problem document.</summary>
public sealed class RequestException : Exception
{
    /// <summary>Names the problem.</summary>
    /// <param name="status">The HTTP status.</param>
    /// <param name="type">One of <see cref="Protocol.Problems.ProblemTypes"/>.</param>
    /// <param name="detail">What was expected, what was found, what to do.</param>
    /// <param name="reason">The value of the problem's extension <c>reason</c>, or null.</param>
    public RequestException(int status, string type, string detail, string? reason = null)
        : base(detail) => (Status, Type, Reason) = (status, type, reason);

    /// <summary>The HTTP status.</summary>
    public int Status { get; }

    /// <summary>One of <see cref="Protocol.Problems.ProblemTypes"/>.</summary>
    public string Type { get; }

    /// <summary>The value of the problem's extension <c>reason</c>, or null.</summary>
    public string? Reason { get; }
}
