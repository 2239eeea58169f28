namespace PersonaTune.Protocol.Problems;

/// <summary>An error of the service (RFC 9457).</summary>
/// <param name="Type">One of <see cref="ProblemTypes"/>.</param>
/// <param name="Title">The kind of error in words.</param>
/// <param name="Status">The HTTP status.</param>
/// <param name="Detail">What was expected, what was found, what to do.</param>
/// <param name="Reason">The refusal's reason, where <paramref name="Type"/> is <see cref="ProblemTypes.Refused"/> or <see cref="ProblemTypes.Gone"/>.</param>
public sealed record ProblemDocument(string Type, string Title, int Status, string? Detail = null, string? Reason = null);
