namespace PersonaTune.Protocol.Enrolment;

/// <summary>Freshness for an attestation.</summary>
/// <param name="Nonce">32 bytes that the attestation must cover; used once.</param>
/// <param name="Expires">When it ends.</param>
public sealed record EnrolmentChallenge(ReadOnlyMemory<byte> Nonce, DateTimeOffset Expires);
