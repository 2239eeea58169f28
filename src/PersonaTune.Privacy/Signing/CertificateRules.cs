using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace PersonaTune.Privacy.Signing;

/// <summary>Which certificates may sign bundles.</summary>
internal static class CertificateRules
{
    public const int MinRsaBits = 3072;

    public static X509Certificate2 Load(byte[] encoded, string subject)
    {
        try
        {
            return X509CertificateLoader.LoadCertificate(encoded);
        }
        catch (CryptographicException e)
        {
            throw new SigningException(SigningFault.Malformed, subject, "it holds a certificate that cannot be read; it was altered", e);
        }
    }

    /// <summary>The digest of the SubjectPublicKeyInfo.</summary>
    public static Sha256Digest KeyId(X509Certificate2 certificate) => Sha256Digest.Of(certificate.PublicKey.ExportSubjectPublicKeyInfo());

    /// <summary>The kind of signature that the certificate's key makes; throws where the key is not accepted.</summary>
    public static bool IsEcdsa(X509Certificate2 certificate, string subject)
    {
        try
        {
            using var ecdsa = certificate.GetECDsaPublicKey();
            var curve = ecdsa?.ExportParameters(includePrivateParameters: false).Curve;
            if (curve is { IsNamed: true, Oid.Value: CmsOids.P256 or CmsOids.P384 }) return true;
            using var rsa = certificate.GetRSAPublicKey();
            if (ecdsa is null && rsa?.KeySize >= MinRsaBits) return false;
        }
        catch (CryptographicException e)
        {
            throw Refused(e);
        }
        throw Refused(null);

        SigningException Refused(Exception? inner) => new(SigningFault.RefusedAlgorithm, subject,
            $"its key is not P-256, P-384 or RSA of at least {MinRsaBits} bits; sign it with such a key", inner);
    }

    /// <summary>Throws unless the certificate is valid at <paramref name="now"/>.</summary>
    public static void CheckTime(X509Certificate2 certificate, DateTimeOffset now, string subject)
    {
        var (from, to) = (new DateTimeOffset(certificate.NotBefore), new DateTimeOffset(certificate.NotAfter));
        if (now < from || now > to)
            throw NotValid(certificate, subject,
                $"it is valid from {JsonFields.Form(from)} to {JsonFields.Form(to)}, now it is {JsonFields.Form(now)}; renew it");
    }

    /// <summary>
    /// Throws unless the certificate is meant for signatures. A root certifies many things, so what it certifies for bundles must
    /// say so (<paramref name="strict"/>); a pinned key needs only not to be meant for something else.
    /// </summary>
    public static void CheckUse(X509Certificate2 certificate, bool strict, string subject)
    {
        var usages = certificate.Extensions.OfType<X509KeyUsageExtension>().ToList();
        if (usages.Count == 0 ? strict : !usages.All(u => u.KeyUsages.HasFlag(X509KeyUsageFlags.DigitalSignature)))
            throw NotValid(certificate, subject, "its key usage does not include digital signatures; sign with one that does");
        if (!strict) return;
        if (certificate.Extensions.OfType<X509BasicConstraintsExtension>().Any(c => c.CertificateAuthority))
            throw NotValid(certificate, subject,
                "it belongs to a certificate authority, which must not sign bundles itself; issue another");
        if (!certificate.Extensions.OfType<X509EnhancedKeyUsageExtension>().Any(e => e.EnhancedKeyUsages[CmsOids.CodeSigning] is not null))
            throw NotValid(certificate, subject, "its extended key usage does not include code signing; sign with one that does");
    }

    /// <summary>Whether a certificate was itself signed with an accepted digest.</summary>
    public static bool IsSignedStrongly(X509Certificate2 certificate) => certificate.SignatureAlgorithm.Value is
        CmsOids.EcdsaSha256 or CmsOids.EcdsaSha384 or CmsOids.EcdsaSha512
        or CmsOids.RsaSha256 or CmsOids.RsaSha384 or CmsOids.RsaSha512 or CmsOids.RsaPss;

    private static SigningException NotValid(X509Certificate2 certificate, string subject, string problem) =>
        new(SigningFault.CertificateNotValid, subject, $"the certificate of '{certificate.Subject}': {problem}");
}
