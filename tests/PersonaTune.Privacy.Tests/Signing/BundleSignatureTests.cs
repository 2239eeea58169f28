using System.Security.Cryptography;
using System.Security.Cryptography.Pkcs;
using System.Security.Cryptography.X509Certificates;
using PersonaTune.Privacy.Signing;

namespace PersonaTune.Privacy.Tests.Signing;

public class BundleSignatureTests
{
    private const string Sha1 = "1.3.14.3.2.26";
    private static readonly byte[] Manifest = TestBundles.Manifest().Encode();
    private static readonly TrustStore RootStore = new() { Audience = "com.example.keyboard", Roots = [TestCertificates.Root.RawData] };

    public static TheoryData<string, string> Signers => new()
    {
        { "P-256", "SHA256" }, { "P-256", "SHA384" }, { "P-256", "SHA512" }, { "P-384", "SHA384" }, { "P-384", "SHA512" },
        { "RSA", "SHA256" }, { "RSA", "SHA384" }, { "RSA", "SHA512" },
    };

    [Theory]
    [MemberData(nameof(Signers))]
    public void Every_accepted_key_and_digest_verifies(string key, string digest)
    {
        var certificate = key switch { "P-256" => TestCertificates.Pinned, "P-384" => TestCertificates.P384, _ => TestCertificates.Rsa };
        var signer = new ManifestSigner(certificate, new HashAlgorithmName(digest));
        var store = TestBundles.Store with { PinnedKeys = [signer.KeyId] };
        var found = TestBundles.Verifier(store).VerifySignature(Manifest, signer.Sign(Manifest));
        Assert.Equal(new BundleSigner(signer.KeyId, "CN=signer", IsPinned: true), found);
    }

    [Fact]
    public void A_certificate_under_a_pinned_root_verifies()
    {
        var signer = new ManifestSigner(TestCertificates.Leaf, intermediates: [TestCertificates.Intermediate]);
        var found = TestBundles.Verifier(RootStore).VerifySignature(Manifest, signer.Sign(Manifest));
        Assert.Equal(new BundleSigner(signer.KeyId, "CN=leaf", IsPinned: false), found);
        using var direct = TestCertificates.Issue("direct", TestCertificates.Root);
        Assert.False(TestBundles.Verifier(RootStore).VerifySignature(Manifest, new ManifestSigner(direct).Sign(Manifest)).IsPinned);
    }

    [Fact]
    public void A_self_signed_stranger_is_refused_although_the_platform_accepts_it()
    {
        var signature = new ManifestSigner(TestCertificates.Stranger).Sign(Manifest);
        PlatformAccepts(signature);
        Assert.Equal(SigningFault.UntrustedSigner, Refused(signature));
        Assert.Equal(SigningFault.UntrustedSigner, Refused(signature, RootStore));
    }

    [Fact]
    public void SHA_1_is_refused_although_the_platform_accepts_it()
    {
        var signature = Sign(TestCertificates.Pinned, s => s.DigestAlgorithm = new Oid(Sha1));
        PlatformAccepts(signature);
        Assert.Equal(SigningFault.RefusedAlgorithm, Refused(signature));
    }

    [Fact]
    public void RSA_with_the_old_padding_is_refused_although_the_platform_accepts_it()
    {
        var signature = Sign(TestCertificates.Rsa);
        PlatformAccepts(signature);
        Assert.Equal(SigningFault.RefusedAlgorithm, Refused(signature, Pinning(TestCertificates.Rsa)));
    }

    [Fact]
    public void Trailing_bytes_are_refused()
    {
        var signature = Sign(TestCertificates.Pinned);
        Assert.Equal(SigningFault.TrailingData, Refused([.. signature, 0]));
        Assert.Equal(SigningFault.TrailingData, Refused([.. signature, .. signature]));
    }

    [Fact]
    public void No_signer_and_two_signers_are_refused()
    {
        var cms = Compute(TestCertificates.Pinned);
        cms.ComputeSignature(Signer(TestCertificates.Stranger));
        Assert.Equal(SigningFault.SignerCount, Refused(cms.Encode()));
        cms = Compute(TestCertificates.Pinned);
        cms.ComputeSignature(Signer(TestCertificates.Pinned));
        Assert.Equal(SigningFault.SignerCount, Refused(cms.Encode()));
        cms = Compute(TestCertificates.Pinned);
        cms.RemoveSignature(0);
        Assert.Equal(SigningFault.SignerCount, Refused(cms.Encode()));
    }

    [Fact]
    public void Unsigned_attributes_and_countersignatures_are_refused()
    {
        var cms = Compute(TestCertificates.Pinned);
        cms.SignerInfos[0].AddUnsignedAttribute(new Pkcs9DocumentName("note"));
        Assert.Equal(SigningFault.Malformed, Refused(cms.Encode()));
        cms = Compute(TestCertificates.Pinned);
        cms.SignerInfos[0].ComputeCounterSignature(Signer(TestCertificates.Stranger));
        Assert.Equal(SigningFault.Malformed, Refused(cms.Encode()));
    }

    [Fact]
    public void A_signer_that_is_named_by_its_key_identifier_is_refused()
    {
        var cms = new SignedCms(new ContentInfo(Manifest), detached: true);
        cms.ComputeSignature(Attributed(new CmsSigner(SubjectIdentifierType.SubjectKeyIdentifier, TestCertificates.Pinned)));
        Assert.Equal(SigningFault.Malformed, Refused(cms.Encode()));
    }

    [Fact]
    public void Embedded_content_is_refused()
    {
        var cms = new SignedCms(new ContentInfo(Manifest), detached: false);
        cms.ComputeSignature(Signer(TestCertificates.Pinned));
        Assert.Equal(SigningFault.Malformed, Refused(cms.Encode()));
    }

    [Fact]
    public void A_signature_that_does_not_name_its_certificate_is_refused()
    {
        var cms = new SignedCms(new ContentInfo(Manifest), detached: true);
        var signer = new CmsSigner(SubjectIdentifierType.IssuerAndSerialNumber,
            TestCertificates.Pinned)
        { IncludeOption = X509IncludeOption.EndCertOnly };
        signer.SignedAttributes.Add(new Pkcs9SigningTime(TestBundles.Now.UtcDateTime));
        cms.ComputeSignature(signer);
        PlatformAccepts(cms.Encode());
        Assert.Equal(SigningFault.Malformed, Refused(cms.Encode()));
        cms = new SignedCms(new ContentInfo(Manifest), detached: true); // no signed attributes at all
        cms.ComputeSignature(new CmsSigner(SubjectIdentifierType.IssuerAndSerialNumber,
            TestCertificates.Pinned)
        { IncludeOption = X509IncludeOption.EndCertOnly });
        Assert.Equal(SigningFault.Malformed, Refused(cms.Encode()));
    }

    [Fact]
    public void A_signing_time_is_permitted_and_other_attributes_are_not()
    {
        TestBundles.Verifier().VerifySignature(Manifest, Sign(TestCertificates.Pinned, s =>
            s.SignedAttributes.Add(new Pkcs9SigningTime(TestBundles.Now.UtcDateTime))));
        Assert.Equal(SigningFault.Malformed, Refused(Sign(TestCertificates.Pinned, s =>
            s.SignedAttributes.Add(new Pkcs9DocumentName("note")))));
    }

    [Fact]
    public void Another_certificate_of_the_same_key_cannot_be_put_in_its_place()
    {
        // Such a certificate could state another validity; the signed attributes name the one that was meant.
        var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        using var expired = TestCertificates.SelfSigned(key, to: TestCertificates.From.AddDays(1));
        using var renewed = TestCertificates.SelfSigned(key);
        var cms = new SignedCms(new ContentInfo(Manifest), detached: true);
        cms.ComputeSignature(Signer(expired));
        cms.AddCertificate(renewed);
        cms.RemoveCertificate(cms.Certificates.First(c => c.RawDataMemory.Span.SequenceEqual(expired.RawData)));
        Assert.Equal(SigningFault.Malformed, Refused(cms.Encode(), Pinning(renewed)));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void A_twin_of_the_signers_certificate_does_not_lend_it_another_key(bool twinFirst)
    {
        // The same issuer and serial number, another key; the signed attributes name the pinned certificate.
        var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest(TestCertificates.Pinned.SubjectName, key, HashAlgorithmName.SHA256);
        using var certificate = request.Create(TestCertificates.Pinned.SubjectName, X509SignatureGenerator.CreateForECDsa(key),
            TestCertificates.From, TestCertificates.To, TestCertificates.Pinned.SerialNumberBytes.Span);
        using var twin = certificate.CopyWithPrivateKey(key);
        Assert.Equal(TestCertificates.Pinned.SerialNumber, twin.SerialNumber);
        var cms = new SignedCms(new ContentInfo(Manifest), detached: true);
        var signer = new CmsSigner(SubjectIdentifierType.IssuerAndSerialNumber, twin) { IncludeOption = X509IncludeOption.None };
        signer.SignedAttributes.Add(CmsProfile.SigningCertificateAttribute(TestCertificates.Pinned.RawData));
        foreach (var c in twinFirst ? new[] { twin, TestCertificates.Pinned } : [TestCertificates.Pinned, twin]) signer.Certificates.Add(c);
        cms.ComputeSignature(signer);
        Assert.Contains(Refused(cms.Encode()), new[] { SigningFault.BadSignature, SigningFault.Malformed });
        cms.RemoveCertificate(twin);
        Assert.Equal(SigningFault.BadSignature, Refused(cms.Encode()));
    }

    [Fact]
    public void A_certificate_outside_its_validity_is_refused()
    {
        var signature = Sign(TestCertificates.Pinned);
        Assert.Equal(SigningFault.CertificateNotValid, Refused(signature, now: TestCertificates.From.AddSeconds(-1)));
        Assert.Equal(SigningFault.CertificateNotValid, Refused(signature, now: TestCertificates.To.AddSeconds(1)));
        TestBundles.Verifier(now: TestCertificates.From).VerifySignature(Manifest, signature);
        TestBundles.Verifier(now: TestCertificates.To).VerifySignature(Manifest, signature);
        var under = new ManifestSigner(TestCertificates.Leaf, intermediates: [TestCertificates.Intermediate]).Sign(Manifest);
        Assert.Equal(SigningFault.CertificateNotValid, Refused(under, RootStore, TestCertificates.To.AddDays(1)));
        Assert.Equal(SigningFault.CertificateNotValid, Refused(under, RootStore, TestCertificates.From.AddDays(-1)));
    }

    [Fact]
    public void A_pinned_key_whose_certificate_is_not_for_signatures_is_refused()
    {
        using var certificate = TestCertificates.SelfSigned(ECDsa.Create(ECCurve.NamedCurves.nistP256),
            usage: X509KeyUsageFlags.NonRepudiation);
        Assert.Equal(SigningFault.CertificateNotValid, Refused(Sign(certificate), Pinning(certificate)));
    }

    public static TheoryData<string, SigningFault> UnfitLeaves => new()
    {
        { "no code signing", SigningFault.CertificateNotValid }, { "no key usage", SigningFault.CertificateNotValid },
        { "other key usage", SigningFault.CertificateNotValid }, { "authority", SigningFault.CertificateNotValid },
        { "root itself", SigningFault.CertificateNotValid }, { "other root", SigningFault.UntrustedSigner },
        { "intermediate missing", SigningFault.UntrustedSigner }, { "unrelated certificate", SigningFault.UntrustedSigner },
        { "leaf as issuer", SigningFault.UntrustedSigner },
    };

    [Theory]
    [MemberData(nameof(UnfitLeaves))]
    public void A_certificate_that_the_root_does_not_vouch_for_is_refused(string what, SigningFault expected)
    {
        var root = TestCertificates.Root;
        using var leaf = what switch
        {
            "no code signing" => TestCertificates.Issue("x", root, codeSigning: false),
            "no key usage" => TestCertificates.Issue("x", root, usage: null),
            "other key usage" => TestCertificates.Issue("x", root, usage: X509KeyUsageFlags.KeyEncipherment),
            "authority" => TestCertificates.Issue("x", root, usage: X509KeyUsageFlags.KeyCertSign | X509KeyUsageFlags.DigitalSignature,
                isAuthority: true),
            "root itself" => new X509Certificate2(root),
            "other root" => TestCertificates.Issue("x", TestCertificates.OtherRoot),
            "intermediate missing" => TestCertificates.Issue("x", TestCertificates.Intermediate),
            "leaf as issuer" => Forge(TestCertificates.Leaf),
            _ => TestCertificates.Issue("x", root),
        };
        var signer = new ManifestSigner(leaf, intermediates: what switch
        {
            "unrelated certificate" => [TestCertificates.Stranger],
            "leaf as issuer" => [TestCertificates.Leaf, TestCertificates.Intermediate],
            _ => null,
        });
        Assert.Equal(expected, Refused(signer.Sign(Manifest), RootStore));
    }

    [Fact]
    public void Revoked_keys_are_refused_wherever_they_stand()
    {
        var pinned = Sign(TestCertificates.Pinned);
        Assert.Equal(SigningFault.RevokedKey, Refused(pinned,
            TestBundles.Store with { RevokedKeys = [TestCertificates.KeyId(TestCertificates.Pinned)] }));
        var under = new ManifestSigner(TestCertificates.Leaf, intermediates: [TestCertificates.Intermediate]).Sign(Manifest);
        foreach (var certificate in new[] { TestCertificates.Leaf, TestCertificates.Intermediate, TestCertificates.Root })
            Assert.Equal(SigningFault.RevokedKey, Refused(under, RootStore with { RevokedKeys = [TestCertificates.KeyId(certificate)] }));
    }

    [Fact]
    public void A_pinned_key_brings_no_other_certificates() => Assert.Equal(SigningFault.Malformed,
        Refused(new ManifestSigner(TestCertificates.Pinned, intermediates: [TestCertificates.Stranger]).Sign(Manifest)));

    [Fact]
    public void Weak_and_unusual_keys_are_refused()
    {
        using var small = TestCertificates.SelfSigned(RSA.Create(2048));
        using var other = TestCertificates.SelfSigned(ECDsa.Create(ECCurve.NamedCurves.nistP521));
        foreach (var certificate in new[] { small, other })
        {
            Assert.Equal(SigningFault.RefusedAlgorithm, Assert.Throws<SigningException>(() => new ManifestSigner(certificate)).Fault);
            var signature = Sign(certificate, s => { if (certificate == small) s.SignaturePadding = RSASignaturePadding.Pss; });
            Assert.Equal(SigningFault.RefusedAlgorithm, Refused(signature, Pinning(certificate)));
        }
    }

    [Fact]
    public void Another_manifest_is_refused()
    {
        var signature = Sign(TestCertificates.Pinned);
        var other = (TestBundles.Manifest() with { Version = 8 }).Encode();
        Assert.Equal(SigningFault.BadSignature, Assert.Throws<SigningException>(() =>
            TestBundles.Verifier().VerifySignature(other, signature)).Fault);
    }

    [Fact]
    public void Every_truncation_is_refused()
    {
        var signature = Sign(TestCertificates.Pinned);
        for (var length = 0; length < signature.Length; length++)
            Assert.Equal(SigningFault.Malformed, Refused(signature[..length]));
    }

    [Fact]
    public void Digests_that_are_not_accepted_cannot_be_asked_for() =>
        Assert.Throws<ArgumentException>(() => new ManifestSigner(TestCertificates.Pinned, HashAlgorithmName.SHA1));

    private static X509Certificate2 Forge(X509Certificate2 issuer)
    {
        // A certificate in the name of an end entity, as if it were an authority; the framework's issuing checks are left out.
        var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest("CN=forged", key, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509KeyUsageExtension(X509KeyUsageFlags.DigitalSignature, critical: true));
        request.CertificateExtensions.Add(new X509EnhancedKeyUsageExtension([new Oid("1.3.6.1.5.5.7.3.3")], critical: false));
        using var issuerKey = issuer.GetECDsaPrivateKey()!;
        using var certificate = request.Create(
            issuer.SubjectName, X509SignatureGenerator.CreateForECDsa(issuerKey), TestCertificates.From, TestCertificates.To, [1, 2, 3]);
        return certificate.CopyWithPrivateKey(key);
    }

    private static TrustStore Pinning(X509Certificate2 certificate) =>
        TestBundles.Store with { PinnedKeys = [TestCertificates.KeyId(certificate)] };

    private static SigningFault Refused(byte[] signature, TrustStore? store = null, DateTimeOffset? now = null) =>
        Assert.Throws<SigningException>(() => TestBundles.Verifier(store, now: now).VerifySignature(Manifest, signature)).Fault;

    private static byte[] Sign(X509Certificate2 certificate, Action<CmsSigner>? change = null) => Compute(certificate, change).Encode();

    private static SignedCms Compute(X509Certificate2 certificate, Action<CmsSigner>? change = null)
    {
        var cms = new SignedCms(new ContentInfo(Manifest), detached: true);
        var signer = Signer(certificate);
        change?.Invoke(signer);
        cms.ComputeSignature(signer);
        return cms;
    }

    private static CmsSigner Signer(X509Certificate2 certificate) =>
        Attributed(new CmsSigner(SubjectIdentifierType.IssuerAndSerialNumber,
            certificate)
        { DigestAlgorithm = new Oid("2.16.840.1.101.3.4.2.1") });

    private static CmsSigner Attributed(CmsSigner signer)
    {
        signer.IncludeOption = X509IncludeOption.EndCertOnly;
        signer.SignedAttributes.Add(CmsProfile.SigningCertificateAttribute(signer.Certificate!.RawData));
        return signer;
    }

    private static void PlatformAccepts(byte[] signature)
    {
        var cms = new SignedCms(new ContentInfo(Manifest), detached: true);
        cms.Decode(signature);
        cms.CheckSignature(verifySignatureOnly: true);
    }
}
