namespace PersonaTune.Protocol.Rounds;

/// <summary>A seat or a refusal; always with the window in which to come again.</summary>
/// <param name="Assignment">The seat, or null.</param>
/// <param name="Refusal">Why there is none, or null.</param>
/// <param name="Retry">When to check in again: after this round with a seat, else for another try.</param>
public sealed record CheckInResponse(Assignment? Assignment, CheckInRefusal? Refusal, RetryWindow Retry);
