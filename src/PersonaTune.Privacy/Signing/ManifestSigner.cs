using System.Security.Cryptography;
using System.Security.Cryptography.Pkcs;
using System.Security.Cryptography.X509Certificates;

namespace PersonaTune.Privacy.Signing;

/// <summary>
/// Signs manifests as detached CMS with a certificate's key: ECDSA on P-256 or P-384, or RSA-PSS with at least 3,072 bits. The
/// certificate's digest is a signed attribute (RFC 5035). Does not own the certificates.
/// </summary>
public sealed class ManifestSigner
{
    private readonly X509Certificate2 _certificate;
    private readonly IReadOnlyList<X509Certificate2> _intermediates;
    private readonly string _digest;

    /// <summary>A signer.</summary>
    /// <param name="certificate">The certificate with its private key.</param>
    /// <param name="digest">SHA-256 (the default), SHA-384 or SHA-512.</param>
    /// <param name="intermediates">Certificates between this one and the root that devices pin; without the root.</param>
    /// <exception cref="SigningException">The key is not accepted.</exception>
    public ManifestSigner(X509Certificate2 certificate, HashAlgorithmName? digest = null,
        IReadOnlyList<X509Certificate2>? intermediates = null)
    {
        ArgumentNullException.ThrowIfNull(certificate);
        if (!certificate.HasPrivateKey)
            throw new ArgumentException("the certificate has no private key; load it with its key", nameof(certificate));
        IsEcdsa = CertificateRules.IsEcdsa(certificate, "signing certificate");
        _certificate = certificate;
        _intermediates = intermediates ?? [];
        _digest = (digest ?? HashAlgorithmName.SHA256).Name switch
        {
            "SHA256" => CmsOids.Sha256,
            "SHA384" => CmsOids.Sha384,
            "SHA512" => CmsOids.Sha512,
            var other => throw new ArgumentException($"the digest is {other}, expected SHA256, SHA384 or SHA512", nameof(digest)),
        };
    }

    /// <summary>The digest of the key's SubjectPublicKeyInfo: what a trust store pins.</summary>
    public Sha256Digest KeyId => CertificateRules.KeyId(_certificate);

    private bool IsEcdsa { get; }

    /// <summary>The detached signature over <paramref name="manifest"/>, in DER.</summary>
    public byte[] Sign(ReadOnlySpan<byte> manifest)
    {
        var cms = new SignedCms(new ContentInfo(manifest.ToArray()), detached: true);
        var signer = new CmsSigner(SubjectIdentifierType.IssuerAndSerialNumber, _certificate)
        {
            DigestAlgorithm = new Oid(_digest),
            IncludeOption = X509IncludeOption.EndCertOnly,
        };
        if (!IsEcdsa) signer.SignaturePadding = RSASignaturePadding.Pss;
        signer.SignedAttributes.Add(CmsProfile.SigningCertificateAttribute(_certificate.RawData));
        foreach (var certificate in _intermediates) signer.Certificates.Add(certificate);
        cms.ComputeSignature(signer, silent: true);
        return cms.Encode();
    }
}
