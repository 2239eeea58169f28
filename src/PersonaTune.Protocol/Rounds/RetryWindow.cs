namespace PersonaTune.Protocol.Rounds;

/// <summary>When to come again: the client draws a uniform moment in it (pace steering).</summary>
/// <param name="MinimumMilliseconds">Not sooner than this from now.</param>
/// <param name="MaximumMilliseconds">Not later than this from now.</param>
public sealed record RetryWindow(long MinimumMilliseconds, long MaximumMilliseconds);
