namespace PersonaTune.Aggregator.Endpoints;

/// <summary>Who may operate.</summary>
/// <param name="Token">The operator's bearer token, at least 32 characters.</param>
/// <param name="PublicDashboard">Whether dashboard and event log can be read without it.</param>
public sealed record OperatorAccess(string Token, bool PublicDashboard);
