using System.Formats.Asn1;
using System.Security.Cryptography;

namespace PersonaTune.Privacy.Signing;

/// <summary>
/// The one form of a detached CMS signature that is accepted (RFC 5652, in DER): version 1, one digest algorithm, no embedded
/// content, the signer's certificate and at most four above it, no revocation lists, one signer by issuer and serial number,
/// signed attributes content type, message digest, signing certificate (RFC 5035) and perhaps the signing time, no unsigned
/// attributes. Whatever the signature does not cover is thereby fixed, so that no byte of it can be changed unnoticed.
/// </summary>
internal sealed class CmsProfile
{
    public const string Subject = "bundle signature";
    private const int MaxCertificates = 5;
    private static readonly Asn1Tag Tag0 = new(TagClass.ContextSpecific, 0);

    private CmsProfile(byte[] signerCertificate, List<byte[]> otherCertificates, byte[] issuer, byte[] serial,
        CmsAlgorithm signatureAlgorithm)
    {
        SignerCertificate = signerCertificate;
        OtherCertificates = otherCertificates;
        Issuer = issuer;
        Serial = serial;
        SignatureAlgorithm = signatureAlgorithm;
    }

    public byte[] SignerCertificate { get; }

    public IReadOnlyList<byte[]> OtherCertificates { get; }

    public byte[] Issuer { get; }

    /// <summary>The serial number as DER's big-endian integer.</summary>
    public byte[] Serial { get; }

    public CmsAlgorithm SignatureAlgorithm { get; }

    public static CmsProfile Parse(ReadOnlyMemory<byte> signature)
    {
        try
        {
            var outer = new AsnReader(signature, AsnEncodingRules.DER);
            var contentInfo = outer.ReadSequence();
            if (outer.HasData) throw new SigningException(SigningFault.TrailingData, Subject, "bytes follow its end; it was altered");
            Require(contentInfo.ReadObjectIdentifier() is CmsOids.SignedData, "it is no SignedData");
            var wrapped = contentInfo.ReadSequence(Tag0);
            contentInfo.ThrowIfNotEmpty();
            var signedData = wrapped.ReadSequence();
            wrapped.ThrowIfNotEmpty();
            return ReadSignedData(signedData);
        }
        catch (AsnContentException e)
        {
            throw new SigningException(SigningFault.Malformed, Subject, "it is not a detached CMS signature in DER; it was altered", e);
        }
    }

    private static CmsProfile ReadSignedData(AsnReader signedData)
    {
        Require(signedData.TryReadInt32(out var version) && version == 1, "its version is not 1");
        var digests = signedData.ReadSetOf();
        var content = signedData.ReadSequence();
        Require(content.ReadObjectIdentifier() is CmsOids.Data, "its content is not of type data");
        Require(!content.HasData, "it embeds content; it must be detached");
        var certificates = new List<byte[]>();
        if (signedData.HasData && signedData.PeekTag().HasSameClassAndValue(Tag0))
        {
            var set = signedData.ReadSetOf(Tag0);
            while (set.HasData) certificates.Add(set.ReadEncodedValue().ToArray());
        }
        var signers = signedData.ReadSetOf();
        signedData.ThrowIfNotEmpty();
        var signer = signers.HasData ? signers.ReadSequence() : null;
        if (signer is null || signers.HasData)
            throw new SigningException(SigningFault.SignerCount, Subject,
                $"it has {(signer is null ? "no" : "several")} signers, expected exactly one");
        Require(certificates.Count is > 0 and <= MaxCertificates,
            $"it holds {certificates.Count} certificates, expected 1 to {MaxCertificates}");
        return ReadSigner(signer, digests, certificates);
    }

    private static CmsProfile ReadSigner(AsnReader signer, AsnReader digests, List<byte[]> certificates)
    {
        Require(signer.TryReadInt32(out var version) && version == 1, "its signer is not named by issuer and serial number");
        var identifier = signer.ReadSequence();
        var issuer = identifier.ReadEncodedValue().ToArray();
        var serial = identifier.ReadIntegerBytes().ToArray();
        identifier.ThrowIfNotEmpty();
        var digest = CmsAlgorithm.Read(signer);
        Require(digests.HasData && digests.ReadEncodedValue().Span.SequenceEqual(digest.Encoded.Span) && !digests.HasData,
            "its digest algorithms are not exactly the signer's");
        if (digest.Digest() is null)
            throw new SigningException(SigningFault.RefusedAlgorithm, Subject,
                $"its digest is {digest.Oid}, expected SHA-256, SHA-384 or SHA-512; sign it again");
        var hash = ReadAttributes(signer.ReadSetOf(Tag0));
        var signatureAlgorithm = CmsAlgorithm.Read(signer);
        if (!signatureAlgorithm.IsAcceptedWith(digest))
            throw new SigningException(SigningFault.RefusedAlgorithm, Subject,
                $"its algorithm is {signatureAlgorithm.Oid}, expected ECDSA or RSA-PSS with the same digest throughout; sign it again");
        signer.ReadOctetString();
        Require(!signer.HasData, "it has unsigned attributes, which anyone could have added");
        var own = certificates.FindIndex(c => Sha256Digest.Of(c) == hash);
        Require(own >= 0, "the certificate that the signer named is missing");
        var certificate = certificates[own];
        certificates.RemoveAt(own);
        return new CmsProfile(certificate, certificates, issuer, serial, signatureAlgorithm);
    }

    /// <summary>The digest of the signer's certificate that the signed attributes state.</summary>
    private static Sha256Digest ReadAttributes(AsnReader attributes)
    {
        var values = new Dictionary<string, ReadOnlyMemory<byte>>(StringComparer.Ordinal);
        while (attributes.HasData)
        {
            var attribute = attributes.ReadSequence();
            var oid = attribute.ReadObjectIdentifier();
            Require(oid is CmsOids.ContentType or CmsOids.MessageDigest or CmsOids.SigningTime or CmsOids.SigningCertificateV2,
                $"its signed attribute {oid} is unknown");
            var set = attribute.ReadSetOf();
            attribute.ThrowIfNotEmpty();
            Require(values.TryAdd(oid, set.ReadEncodedValue()) && !set.HasData, $"its signed attribute {oid} has several values");
        }
        Require(values.ContainsKey(CmsOids.ContentType) && values.ContainsKey(CmsOids.MessageDigest),
            "it lacks a content type or message digest");
        Require(values.TryGetValue(CmsOids.SigningCertificateV2, out var value), "it does not name its certificate (RFC 5035)");
        var signingCertificate = new AsnReader(value, AsnEncodingRules.DER).ReadSequence();
        var first = signingCertificate.ReadSequence().ReadSequence();
        var hash = first.ReadOctetString(); // a digest other than the default, SHA-256, would stand before it
        Require(hash.Length == Sha256Digest.Length, "it names its certificate with another digest than SHA-256");
        return new Sha256Digest(hash);
    }

    private static void Require(bool condition, string problem)
    {
        if (!condition)
            throw new SigningException(SigningFault.Malformed, Subject,
                problem + "; it was altered or made by something else: sign it again");
    }

    /// <summary>The attribute value that names <paramref name="certificate"/> (RFC 5035, section 4).</summary>
    public static AsnEncodedData SigningCertificateAttribute(byte[] certificate)
    {
        var writer = new AsnWriter(AsnEncodingRules.DER);
        using (writer.PushSequence())
        using (writer.PushSequence())
        using (writer.PushSequence())
            writer.WriteOctetString(SHA256.HashData(certificate));
        return new AsnEncodedData(CmsOids.SigningCertificateV2, writer.Encode());
    }
}
