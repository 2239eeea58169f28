namespace PersonaTune.Protocol.Rounds;

/// <summary>The durable acknowledgement of a message: it survives any crash of the aggregator.</summary>
/// <param name="Duplicate">Whether the same message had been accepted before.</param>
public sealed record MessageReceipt(bool Duplicate);
