namespace PersonaTune.Device.Federation;

/// <summary>The aggregator refused a request, or does not answer.</summary>
public sealed class AggregatorException : Exception
{
    /// <summary>Describes the refusal.</summary>
    /// <param name="status">The HTTP status; 0 if there was no answer.</param>
    /// <param name="type">The problem's type, see <see cref="Protocol.Problems.ProblemTypes"/>; empty without an answer.</param>
    /// <param name="detail">What was expected, what was found, what to do.</param>
    /// <param name="reason">The refusal's reason, or null.</param>
    /// <param name="innerException">The cause.</param>
    public AggregatorException(int status, string type, string detail, string? reason = null, Exception? innerException = null)
        : base($"aggregator: {detail}", innerException) => (Status, Type, Reason) = (status, type, reason);

    /// <summary>The HTTP status; 0 if there was no answer.</summary>
    public int Status { get; }

    /// <summary>The problem's type; empty without an answer.</summary>
    public string Type { get; }

    /// <summary>The refusal's reason, or null.</summary>
    public string? Reason { get; }
}
