namespace PersonaTune.Cli.Failures;

/// <summary>What the user sees of an exception.</summary>
internal sealed record Failure(int Code, string Message);
