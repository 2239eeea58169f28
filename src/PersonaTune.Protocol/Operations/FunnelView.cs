namespace PersonaTune.Protocol.Operations;

/// <summary>How many devices reached each stage or passed it; null where the number is withheld for being small.</summary>
/// <param name="Offered">Got a seat.</param>
/// <param name="Joined">Advertised keys.</param>
/// <param name="Keyed">Opened their nonces.</param>
/// <param name="Shared">Shared secrets.</param>
/// <param name="Submitted">Uploaded their report.</param>
/// <param name="Confirmed">Confirmed the survivors.</param>
/// <param name="Unmasked">Revealed shares.</param>
public sealed record FunnelView(int? Offered, int? Joined, int? Keyed, int? Shared, int? Submitted, int? Confirmed, int? Unmasked);
