namespace PersonaTune.Privacy.SecureAggregation.Rounds;

/// <summary>A signed message to deliver.</summary>
/// <param name="To">The receiver.</param>
/// <param name="Bytes">The message.</param>
public sealed record OutgoingMessage(DeviceId To, ReadOnlyMemory<byte> Bytes);
