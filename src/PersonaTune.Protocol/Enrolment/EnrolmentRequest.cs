namespace PersonaTune.Protocol.Enrolment;

/// <summary>A device asks the authority for a certificate of its identity key.</summary>
/// <param name="PublicKey">The P-256 identity key: 65 bytes, uncompressed.</param>
/// <param name="Nonce">The challenge.</param>
/// <param name="Attestation">The kind of evidence, for example <c>token</c>; the authority's verifiers decide which it takes.</param>
/// <param name="Evidence">The evidence.</param>
/// <param name="Signature">The key's signature over <see cref="Requests.SignedRequest.EnrolmentMessage"/>: it proves possession.</param>
public sealed record EnrolmentRequest(
    ReadOnlyMemory<byte> PublicKey, ReadOnlyMemory<byte> Nonce, string Attestation, ReadOnlyMemory<byte> Evidence, ReadOnlyMemory<byte> Signature);
