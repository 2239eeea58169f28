using System.Security.Cryptography;
using PersonaTune.Privacy.Sealing;

namespace PersonaTune.Privacy.Signing;

/// <summary>Verifies envelopes against the public keys that it was given. Thread-safe: keys are imported for each verification.</summary>
/// <remarks>
/// Guarantee: a verified payload was signed under this context by the holder of one of the keys. It says nothing about when:
/// a statement that must not be repeated carries its own number or time. ECDSA signatures are not unique; do not use one as an
/// identity.
/// </remarks>
public sealed class EnvelopeVerifier
{
    private readonly Dictionary<Sha256Digest, ECParameters> _keys = [];

    /// <summary>A verifier that believes these keys, uncompressed P-256 points.</summary>
    /// <exception cref="InvalidPublicKeyException">A key is not a point of P-256.</exception>
    public EnvelopeVerifier(IEnumerable<ReadOnlyMemory<byte>> publicKeys)
    {
        ArgumentNullException.ThrowIfNull(publicKeys);
        foreach (var publicKey in publicKeys)
        {
            var parameters = P256PublicKey.Parse(publicKey.Span, SignedEnvelope.Subject);
            using var key = ECDsa.Create(parameters);
            _keys[Sha256Digest.Of(key.ExportSubjectPublicKeyInfo())] = parameters;
        }
    }

    /// <summary>Verifies an envelope for <paramref name="context"/>.</summary>
    /// <exception cref="SigningException">It is for another context, by an unknown key, or its signature does not match.</exception>
    public void Verify(SignedEnvelope envelope, string context)
    {
        ArgumentNullException.ThrowIfNull(envelope);
        if (!string.Equals(envelope.Context, context, StringComparison.Ordinal))
            throw new SigningException(SigningFault.WrongContext, SignedEnvelope.Subject,
                $"it is a '{envelope.Context}', expected a '{context}'");
        if (!_keys.TryGetValue(envelope.KeyId, out var parameters))
            throw new SigningException(SigningFault.UntrustedSigner, SignedEnvelope.Subject,
                $"the key {envelope.KeyId} is not known; add it if you trust it");
        using var key = ECDsa.Create(parameters);
        if (!key.VerifyData(SignedEnvelope.Message(context, envelope.Payload.Span), envelope.Signature.Span, HashAlgorithmName.SHA256,
            DSASignatureFormat.IeeeP1363FixedFieldConcatenation))
            throw new SigningException(SigningFault.BadSignature, SignedEnvelope.Subject,
                "its signature does not belong to its content; one of them was altered");
    }

    /// <summary>Reads and verifies an envelope: its payload.</summary>
    /// <exception cref="SigningException">It has another form, or <see cref="Verify"/> refuses it.</exception>
    public ReadOnlyMemory<byte> Open(ReadOnlySpan<byte> envelope, string context)
    {
        var parsed = SignedEnvelope.Parse(envelope);
        Verify(parsed, context);
        return parsed.Payload;
    }
}
