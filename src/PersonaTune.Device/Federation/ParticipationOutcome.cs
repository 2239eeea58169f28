namespace PersonaTune.Device.Federation;

/// <summary>What became of an attempt to take part.</summary>
/// <param name="End">How it ended.</param>
/// <param name="Reason">Why, in words; null if it was completed.</param>
/// <param name="Round">The round's number, 0 without a seat.</param>
/// <param name="Paid">Whether the user's budget was charged: it is as soon as an upload may begin.</param>
/// <param name="NotBefore">When to come again.</param>
/// <param name="BytesSent">Bytes of bodies sent in this attempt.</param>
/// <param name="BytesReceived">Bytes of bodies received in this attempt.</param>
public sealed record ParticipationOutcome(
    ParticipationEnd End, string? Reason, int Round, bool Paid, DateTimeOffset NotBefore, long BytesSent, long BytesReceived);
