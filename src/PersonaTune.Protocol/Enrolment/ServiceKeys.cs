namespace PersonaTune.Protocol.Enrolment;

/// <summary>
/// The public keys of a deployment. An application pins them; reading them from the service itself is for trying things out.
/// </summary>
/// <param name="Audience">The service's name, which signed requests are bound to.</param>
/// <param name="ServerKey">The aggregator's identity key in rounds: 65 bytes, uncompressed P-256.</param>
/// <param name="OperatorKeys">The keys that sign tasks and releases, in the same form.</param>
/// <param name="AuthorityCertificate">The enrolment authority's root certificate in DER.</param>
public sealed record ServiceKeys(
    string Audience, ReadOnlyMemory<byte> ServerKey, IReadOnlyList<ReadOnlyMemory<byte>> OperatorKeys, ReadOnlyMemory<byte> AuthorityCertificate);
