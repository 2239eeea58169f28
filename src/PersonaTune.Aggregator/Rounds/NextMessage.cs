namespace PersonaTune.Aggregator.Rounds;

/// <summary>The server's next message for a device.</summary>
/// <param name="Bytes">The message; empty if there is none yet.</param>
/// <param name="Ended">Why there will be none any more, or null: the device was dropped, or its cohort ended.</param>
public sealed record NextMessage(ReadOnlyMemory<byte> Bytes, string? Ended);
