using PersonaTune.Protocol.Rounds;

namespace PersonaTune.Protocol.Operations;

/// <summary>Devices that dropped out.</summary>
/// <param name="Reached">How far they had come.</param>
/// <param name="Reason">Why.</param>
/// <param name="Count">How many; null where the number is withheld for being small.</param>
public sealed record DropCount(ParticipationState Reached, DropReason Reason, int? Count);
