namespace PersonaTune.Protocol.Rounds;

/// <summary>Why a device got no seat.</summary>
/// <param name="Reason">The reason.</param>
/// <param name="Detail">What was expected, what was found, what to do.</param>
public sealed record CheckInRefusal(CheckInRefusalReason Reason, string Detail);
