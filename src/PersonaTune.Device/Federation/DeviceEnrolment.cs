using System.Security.Cryptography;
using PersonaTune.Privacy.SecureAggregation.Identity;
using PersonaTune.Protocol.Enrolment;
using PersonaTune.Protocol.Requests;

namespace PersonaTune.Device.Federation;

/// <summary>Enrols an identity key with the authority. Thread-safe.</summary>
public static class DeviceEnrolment
{
    /// <summary>Proves possession of the key, presents the attestation and gives the identity with its short-lived certificate.</summary>
    /// <param name="authority">A client whose address is the authority's; it needs no identity.</param>
    /// <param name="audience">The service's name.</param>
    /// <param name="key">The P-256 key, which the identity takes over.</param>
    /// <param name="attestation">The evidence.</param>
    /// <param name="cancellationToken">Ends the enrolment.</param>
    /// <exception cref="AggregatorException">The authority refuses.</exception>
    public static async Task<(IdentityKey Identity, DateTimeOffset NotAfter)> EnrolAsync(
        AggregatorClient authority, string audience, ECDsa key, IAttestationProvider attestation, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(authority);
        ArgumentNullException.ThrowIfNull(key);
        ArgumentNullException.ThrowIfNull(attestation);
        var point = key.ExportParameters(includePrivateParameters: false).Q;
        byte[] publicKey = [4, .. point.X!, .. point.Y!];
        var challenge = await authority.GetChallengeAsync(cancellationToken).ConfigureAwait(false);
        var evidence = await attestation.AttestAsync(challenge.Nonce, publicKey, cancellationToken).ConfigureAwait(false);
        var message = SignedRequest.EnrolmentMessage(audience, publicKey, challenge.Nonce.Span, attestation.Kind, evidence.Span);
        var signature = key.SignData(message, HashAlgorithmName.SHA256, DSASignatureFormat.IeeeP1363FixedFieldConcatenation);
        var response = await authority.EnrolAsync(
            new EnrolmentRequest(publicKey, challenge.Nonce, attestation.Kind, evidence, signature), cancellationToken).ConfigureAwait(false);
        return (new IdentityKey(key, response.Certificate), response.NotAfter);
    }
}
