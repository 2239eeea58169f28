using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using PersonaTune.Privacy.Signing;

namespace PersonaTune.Privacy.Tests.Signing;

/// <summary>Certificates made for a test run. Their keys are random; nothing compares their bytes.</summary>
internal static class TestCertificates
{
    public static readonly DateTimeOffset From = new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);
    public static readonly DateTimeOffset To = new(2036, 1, 1, 0, 0, 0, TimeSpan.Zero);

    private static readonly Lazy<X509Certificate2> LazyRsa = new(() => SelfSigned(RSA.Create(3072)));

    public static X509Certificate2 Pinned { get; } = SelfSigned(ECDsa.Create(ECCurve.NamedCurves.nistP256));

    public static X509Certificate2 Stranger { get; } = SelfSigned(ECDsa.Create(ECCurve.NamedCurves.nistP256));

    public static X509Certificate2 P384 { get; } = SelfSigned(ECDsa.Create(ECCurve.NamedCurves.nistP384));

    public static X509Certificate2 Rsa => LazyRsa.Value;

    public static X509Certificate2 Root { get; } = Authority("root", null);

    public static X509Certificate2 OtherRoot { get; } = Authority("root", null);

    public static X509Certificate2 Intermediate { get; } = Authority("intermediate", Root);

    public static X509Certificate2 Leaf { get; } = Issue("leaf", Intermediate);

    public static Sha256Digest KeyId(X509Certificate2 certificate) => Sha256Digest.Of(certificate.PublicKey.ExportSubjectPublicKeyInfo());

    public static X509Certificate2 SelfSigned(
        AsymmetricAlgorithm key, DateTimeOffset? from = null, DateTimeOffset? to = null,
            X509KeyUsageFlags usage = X509KeyUsageFlags.DigitalSignature)
    {
        var request = Request("signer", key);
        request.CertificateExtensions.Add(new X509KeyUsageExtension(usage, critical: true));
        return request.CreateSelfSigned(from ?? From, to ?? To);
    }

    public static X509Certificate2 Authority(string name, X509Certificate2? issuer)
    {
        var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = Request(name, key);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(certificateAuthority: true, false, 0, critical: true));
        request.CertificateExtensions.Add(new X509KeyUsageExtension(X509KeyUsageFlags.KeyCertSign, critical: true));
        return issuer is null ? request.CreateSelfSigned(From, To) : Issue(request, key, issuer, From, To);
    }

    public static X509Certificate2 Issue(
        string name, X509Certificate2 issuer, bool codeSigning = true, X509KeyUsageFlags? usage = X509KeyUsageFlags.DigitalSignature,
        DateTimeOffset? to = null, bool isAuthority = false)
    {
        var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = Request(name, key);
        if (isAuthority) request.CertificateExtensions.Add(new X509BasicConstraintsExtension(certificateAuthority: true, false, 0,
            critical: true));
        if (usage is { } flags) request.CertificateExtensions.Add(new X509KeyUsageExtension(flags, critical: true));
        if (codeSigning) request.CertificateExtensions.Add(new X509EnhancedKeyUsageExtension([new Oid("1.3.6.1.5.5.7.3.3")],
            critical: false));
        return Issue(request, key, issuer, From, to ?? To);
    }

    private static X509Certificate2 Issue(CertificateRequest request, ECDsa key, X509Certificate2 issuer, DateTimeOffset from,
        DateTimeOffset to)
    {
        using var certificate = request.Create(issuer, from, to, [1, .. RandomNumberGenerator.GetBytes(8)]);
        return certificate.CopyWithPrivateKey(key);
    }

    private static CertificateRequest Request(string name, AsymmetricAlgorithm key) => key switch
    {
        RSA rsa => new CertificateRequest($"CN={name}", rsa, HashAlgorithmName.SHA256, RSASignaturePadding.Pss),
        _ => new CertificateRequest($"CN={name}", (ECDsa)key, HashAlgorithmName.SHA256),
    };
}
