using System.Security.Cryptography;
using PersonaTune.Protocol.Enrolment;

namespace PersonaTune.Aggregator.Enrolment;

/// <summary>Evidence is an enrolment token that the application's backend gave its user. Only digests of tokens are kept.</summary>
/// <param name="tokenDigests">SHA-256 of each valid token.</param>
internal sealed class TokenAttestation(IReadOnlyCollection<byte[]> tokenDigests) : IAttestationVerifier
{
    /// <inheritdoc/>
    public string Kind => "token";

    /// <inheritdoc/>
    public string? Verify(EnrolmentRequest request)
    {
        var digest = SHA256.HashData(request.Evidence.Span);
        var known = false;
        foreach (var valid in tokenDigests) known |= CryptographicOperations.FixedTimeEquals(valid, digest);
        return known ? "token/" + Convert.ToHexStringLower(digest) : null;
    }
}
