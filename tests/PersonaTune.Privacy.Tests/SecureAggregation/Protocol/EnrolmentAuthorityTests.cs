using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using PersonaTune.Privacy.SecureAggregation;
using PersonaTune.Privacy.SecureAggregation.Identity;

namespace PersonaTune.Privacy.Tests.SecureAggregation.Protocol;

public class EnrolmentAuthorityTests
{
    [Fact]
    public void An_enrolled_device_is_accepted_under_the_id_of_its_key()
    {
        using var authority = new EnrolmentAuthority(Fleet.Root);
        using var device = Fleet.Device(0);
        var verifier = authority.Validate(device.Certificate.Span, Fleet.Now);
        Assert.Equal(device.Id, verifier.Id);
        var digest = SHA256.HashData("message"u8);
        Assert.True(verifier.Verify(digest, device.Sign(digest)));
        Assert.False(verifier.Verify(SHA256.HashData("another"u8), device.Sign(digest)));
    }

    [Theory]
    [InlineData("another authority")]
    [InlineData("an authority of the same name")]
    [InlineData("signed with SHA-384")]
    [InlineData("an authority itself")]
    [InlineData("for key agreement only")]
    [InlineData("without key usage")]
    [InlineData("with an unknown critical extension")]
    [InlineData("with a key on P-384")]
    [InlineData("with an RSA key")]
    [InlineData("with trailing bytes")]
    [InlineData("too large")]
    public void A_certificate_outside_the_profile_is_refused(string which)
    {
        using var authority = new EnrolmentAuthority(Fleet.Root);
        RoundSimulation.AssertRefused(RefusalReason.CertificateRefused, () => authority.Validate(Certificate(which), Fleet.Now));
    }

    [Fact]
    public void A_certificate_is_valid_between_its_dates_only()
    {
        using var authority = new EnrolmentAuthority(Fleet.Root);
        using var device = Fleet.Device(0);
        authority.Validate(device.Certificate.Span, Fleet.Now.AddDays(30));
        foreach (var now in (DateTimeOffset[])[Fleet.Now.AddDays(-1).AddSeconds(-1), Fleet.Now.AddDays(30).AddSeconds(1)])
            RoundSimulation.AssertRefused(RefusalReason.CertificateRefused, () => authority.Validate(device.Certificate.Span, now));
    }

    [Fact]
    public void Cut_or_altered_certificates_are_refused_and_nothing_else_is_thrown()
    {
        using var authority = new EnrolmentAuthority(Fleet.Root);
        using var device = Fleet.Device(0);
        var certificate = device.Certificate.ToArray();
        for (var length = 0; length < certificate.Length; length++)
            RoundSimulation.AssertRefused(
                RefusalReason.CertificateRefused, () => authority.Validate(certificate.AsSpan(0, length), Fleet.Now));
        for (var position = 0; position < certificate.Length; position++)
        {
            var altered = certificate.ToArray();
            altered[position] ^= 0x04;
            RoundSimulation.AssertRefused(RefusalReason.CertificateRefused, () => authority.Validate(altered, Fleet.Now));
        }
    }

    [Theory]
    [InlineData("enrolled")]
    [InlineData("with a non-critical extension")]
    [InlineData("with a long name")]
    public void What_is_accepted_the_platform_s_chain_builder_accepts_too(string which)
    {
        using var authority = new EnrolmentAuthority(Fleet.Root);
        var der = Certificate(which);
        authority.Validate(der, Fleet.Now);
        using var certificate = X509CertificateLoader.LoadCertificate(der);
        using var chain = new X509Chain();
        chain.ChainPolicy.TrustMode = X509ChainTrustMode.CustomRootTrust;
        chain.ChainPolicy.CustomTrustStore.Add(Fleet.Root);
        chain.ChainPolicy.RevocationMode = X509RevocationMode.NoCheck;
        chain.ChainPolicy.DisableCertificateDownloads = true;
        chain.ChainPolicy.VerificationTime = Fleet.Now.UtcDateTime;
        Assert.True(chain.Build(certificate));
    }

    [Fact]
    public void A_root_that_may_not_issue_or_is_on_another_curve_is_refused()
    {
        using var leaf = X509CertificateLoader.LoadCertificate(Fleet.Device(0).Certificate.Span);
        Assert.Throws<ArgumentException>(() => new EnrolmentAuthority(leaf));
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP384);
        var request = new CertificateRequest("CN=other", key, HashAlgorithmName.SHA384);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(true, false, 0, true));
        using var root = request.CreateSelfSigned(Fleet.Now, Fleet.Now.AddDays(1));
        Assert.Throws<ArgumentException>(() => new EnrolmentAuthority(root));
    }

    private static byte[] Certificate(string which)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        using var p384 = ECDsa.Create(ECCurve.NamedCurves.nistP384);
        return which switch
        {
            "another authority" => Fleet.Issue(Fleet.CreateRoot("another"), key),
            "an authority of the same name" => Fleet.Issue(Fleet.CreateRoot("enrolment"), key),
            "signed with SHA-384" => Fleet.Issue(Fleet.Root, key, hash: HashAlgorithmName.SHA384),
            "an authority itself" => Fleet.Issue(
                Fleet.Root, key, request => Exchange(request, 0, new X509BasicConstraintsExtension(true, false, 0, true))),
            "for key agreement only" => Fleet.Issue(
                Fleet.Root, key, request => Exchange(request, 1, new X509KeyUsageExtension(X509KeyUsageFlags.KeyAgreement, true))),
            "without key usage" => Fleet.Issue(Fleet.Root, key, request => request.CertificateExtensions.RemoveAt(1)),
            "with an unknown critical extension" => Fleet.Issue(
                Fleet.Root, key, request => request.CertificateExtensions.Add(new("1.3.9.9", [5, 0], true))),
            "with a non-critical extension" => Fleet.Issue(
                Fleet.Root, key, request => request.CertificateExtensions.Add(new("1.3.9.9", [5, 0], false))),
            "with a key on P-384" => Fleet.Issue(Fleet.Root, p384),
            "with an RSA key" => IssueRsa(),
            "with trailing bytes" => [.. Fleet.Issue(Fleet.Root, key), 0],
            "too large" => Fleet.Issue(
                Fleet.Root, key, request => request.CertificateExtensions.Add(new("1.3.9.9", [4, 0x82, 8, 0, .. new byte[2048]], false))),
            "with a long name" => Fleet.Issue(Fleet.Root, key, request =>
            {
                var names = new SubjectAlternativeNameBuilder();
                names.AddDnsName("a-rather-long-name-of-a-device.example");
                request.CertificateExtensions.Add(names.Build());
            }),
            _ => Fleet.Issue(Fleet.Root, key),
        };
    }

    private static void Exchange(CertificateRequest request, int index, X509Extension extension) =>
        request.CertificateExtensions[index] = extension;

    private static byte[] IssueRsa()
    {
        using var rsa = RSA.Create(2048);
        var request = new CertificateRequest("CN=device", rsa, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1);
        request.CertificateExtensions.Add(new X509KeyUsageExtension(X509KeyUsageFlags.DigitalSignature, true));
        using var rootKey = Fleet.Root.GetECDsaPrivateKey()!;
        var generator = X509SignatureGenerator.CreateForECDsa(rootKey);
        using var certificate = request.Create(Fleet.Root.SubjectName, generator, Fleet.Now.AddDays(-1), Fleet.Now.AddDays(1), [1, 2, 3]);
        return certificate.RawData;
    }
}
