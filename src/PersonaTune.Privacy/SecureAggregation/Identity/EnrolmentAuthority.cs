using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace PersonaTune.Privacy.SecureAggregation.Identity;

/// <summary>
/// Accepts the certificates that one pinned authority issued directly, in a fixed profile: X.509 v3 in DER, ECDSA with SHA-256,
/// subject key on P-256, not an authority itself, for digital signatures, no unknown critical extension, valid now.
/// <para>
/// It does not build chains. A device checks the certificate of every member of its cohort in every round, and the platform's chain
/// builder takes milliseconds for each. What this accepts, the platform's builder with the same root accepts too (tested).
/// There is no revocation: certificates are meant to be short-lived. Not for concurrent use.
/// </para>
/// </summary>
public sealed class EnrolmentAuthority : ICertificateValidator, IDisposable
{
    private readonly byte[] _subject;
    private readonly ECDsa _key;

    /// <summary>Pins <paramref name="root"/>; only its name and public key are kept.</summary>
    /// <exception cref="ArgumentException">The root holds no P-256 key or may not issue certificates.</exception>
    public EnrolmentAuthority(X509Certificate2 root)
    {
        ArgumentNullException.ThrowIfNull(root);
        if (root.Extensions.OfType<X509BasicConstraintsExtension>().FirstOrDefault() is not { CertificateAuthority: true })
            throw new ArgumentException("the certificate is not that of an authority; issue it with the basic constraint CA", nameof(root));
        _subject = root.SubjectName.RawData;
        _key = root.GetECDsaPublicKey() ?? throw new ArgumentException("the authority's key is not an elliptic-curve key", nameof(root));
        if (_key.ExportParameters(includePrivateParameters: false).Curve.Oid.Value == ECCurve.NamedCurves.nistP256.Oid.Value) return;
        _key.Dispose();
        throw new ArgumentException("the authority's key is not on P-256", nameof(root));
    }

    /// <inheritdoc/>
    public IMessageVerifier Validate(ReadOnlySpan<byte> certificate, DateTimeOffset now)
    {
        var parsed = DeviceCertificate.Parse(certificate.ToArray());
        if (!parsed.Issuer.Span.SequenceEqual(_subject))
            throw DeviceCertificate.Refused("it names another issuer; enrol the device with this authority");
        if (now < parsed.NotBefore || now > parsed.NotAfter)
            throw DeviceCertificate.Refused($"it is valid from {parsed.NotBefore:u} to {parsed.NotAfter:u}, not at {now:u}; renew it");
        if (!_key.VerifyData(parsed.Signed.Span, parsed.Signature.Span, HashAlgorithmName.SHA256, DSASignatureFormat.Rfc3279DerSequence))
            throw DeviceCertificate.Refused("the authority's signature does not verify; enrol the device with this authority");
        try
        {
            return new VerificationKey(parsed.PublicKey.Span);
        }
        catch (InvalidPointException e)
        {
            throw DeviceCertificate.Refused("its public key is no point of P-256; enrol the device again", e);
        }
    }

    /// <summary>Releases the authority's public key.</summary>
    public void Dispose() => _key.Dispose();
}
