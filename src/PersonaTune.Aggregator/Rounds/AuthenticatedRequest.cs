using PersonaTune.Privacy.SecureAggregation.Identity;
using PersonaTune.Privacy.SecureAggregation.Rounds;

namespace PersonaTune.Aggregator.Rounds;

/// <summary>A request whose certificate, signature and time were verified.</summary>
/// <param name="Device">The device.</param>
/// <param name="Verifier">Checks the device's signatures. Not for concurrent use; it lives as long as the request.</param>
/// <param name="Key">The idempotency key; empty for reads.</param>
/// <param name="Digest">SHA-256 over method, target and body: two requests with one key must have the same.</param>
/// <param name="SignatureDigest">SHA-256 of the signature: a second request with the same is a replay.</param>
public sealed record AuthenticatedRequest(
    DeviceId Device, IMessageVerifier Verifier, string Key, ReadOnlyMemory<byte> Digest, ReadOnlyMemory<byte> SignatureDigest);
