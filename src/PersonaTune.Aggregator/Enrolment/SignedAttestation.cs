using System.Security.Cryptography;
using PersonaTune.Privacy.Signing;
using PersonaTune.Protocol.Enrolment;

namespace PersonaTune.Aggregator.Enrolment;

/// <summary>
/// Evidence is a signed envelope of the device's platform or vendor (<see cref="Context"/>) over the challenge, the device's identity key and a 32-byte device id, as a
/// hardware attestation service gives it.
/// </summary>
internal sealed class SignedAttestation(IEnumerable<ReadOnlyMemory<byte>> vendorKeys) : IAttestationVerifier
{
    public const string Context = "PersonaTune/attestation/1";
    private const int DeviceIdLength = 32;
    private readonly EnvelopeVerifier _verifier = new(vendorKeys);

    /// <inheritdoc/>
    public string Kind => "signed";

    /// <inheritdoc/>
    public string? Verify(EnrolmentRequest request)
    {
        try
        {
            var payload = _verifier.Open(request.Evidence.Span, Context).Span;
            byte[] expected = [.. request.Nonce.Span, .. request.PublicKey.Span];
            if (payload.Length != expected.Length + DeviceIdLength || !CryptographicOperations.FixedTimeEquals(payload[..expected.Length], expected)) return null;
            return "signed/" + Convert.ToHexStringLower(payload[expected.Length..]);
        }
        catch (SigningException)
        {
            return null;
        }
    }
}
