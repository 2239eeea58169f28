namespace PersonaTune.Privacy.SecureAggregation.Rounds;

/// <summary>
/// One step of a server's state machine: an accepted message, or (empty) the closing of a stage. A server is rebuilt by replaying its
/// events in order.
/// </summary>
/// <param name="At">When it happened.</param>
/// <param name="Message">The message as it was received; empty if a stage was closed.</param>
public sealed record RoundEvent(DateTimeOffset At, ReadOnlyMemory<byte> Message);
