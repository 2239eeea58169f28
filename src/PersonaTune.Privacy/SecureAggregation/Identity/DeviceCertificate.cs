using System.Formats.Asn1;

namespace PersonaTune.Privacy.SecureAggregation.Identity;

/// <summary>
/// The parts of a device certificate (RFC 5280) in the profile of <see cref="EnrolmentAuthority"/>; DER only, nothing behind
/// it.
/// </summary>
internal sealed record DeviceCertificate(
    ReadOnlyMemory<byte> Signed,
    ReadOnlyMemory<byte> Signature,
    ReadOnlyMemory<byte> Issuer,
    DateTimeOffset NotBefore,
    DateTimeOffset NotAfter,
    ReadOnlyMemory<byte> PublicKey)
{
    public const int MaximumLength = 2048;

    private const string EcdsaWithSha256 = "1.2.840.10045.4.3.2";
    private const string EcPublicKey = "1.2.840.10045.2.1";
    private const string P256 = "1.2.840.10045.3.1.7";
    private const string BasicConstraints = "2.5.29.19";
    private const string KeyUsage = "2.5.29.15";

    public static DeviceCertificate Parse(ReadOnlyMemory<byte> der)
    {
        if (der.Length > MaximumLength)
            throw Refused($"it has {der.Length} bytes, at most {MaximumLength} are allowed; issue a smaller one");
        try
        {
            var file = new AsnReader(der, AsnEncodingRules.DER);
            var certificate = file.ReadSequence();
            file.ThrowIfNotEmpty();
            var signed = certificate.PeekEncodedValue();
            var body = certificate.ReadSequence();
            CheckAlgorithm(certificate.ReadSequence());
            var signature = certificate.ReadBitString(out var unused);
            if (unused != 0) throw Refused("its signature is not whole bytes; issue it again");
            certificate.ThrowIfNotEmpty();
            return ReadBody(body, signed, signature);
        }
        catch (AsnContentException e)
        {
            throw Refused("it is not a DER certificate of the expected profile; enrol the device again", e);
        }
    }

    public static RefusalException Refused(string problem, Exception? inner = null) =>
        new(RefusalReason.CertificateRefused, "device certificate", problem, inner);

    private static DeviceCertificate ReadBody(AsnReader body, ReadOnlyMemory<byte> signed, ReadOnlyMemory<byte> signature)
    {
        var version = body.ReadSequence(new Asn1Tag(TagClass.ContextSpecific, 0));
        if (!version.TryReadInt32(out var number) || number != 2) throw Refused("it is not version 3; enrol the device again");
        version.ThrowIfNotEmpty();
        body.ReadIntegerBytes(); // serial number
        CheckAlgorithm(body.ReadSequence());
        var issuer = body.ReadEncodedValue();
        var validity = body.ReadSequence();
        var (notBefore, notAfter) = (ReadTime(validity), ReadTime(validity));
        validity.ThrowIfNotEmpty();
        body.ReadSequence(); // subject
        var publicKey = ReadPublicKey(body.ReadSequence());
        ReadExtensions(body);
        body.ThrowIfNotEmpty();
        return new DeviceCertificate(signed, signature, issuer, notBefore, notAfter, publicKey);
    }

    private static void CheckAlgorithm(AsnReader algorithm)
    {
        var oid = algorithm.ReadObjectIdentifier();
        if (oid != EcdsaWithSha256) throw Refused($"it is signed with algorithm {oid}, expected ECDSA with SHA-256; issue it again");
        algorithm.ThrowIfNotEmpty();
    }

    private static DateTimeOffset ReadTime(AsnReader validity) =>
        validity.PeekTag().HasSameClassAndValue(Asn1Tag.UtcTime) ? validity.ReadUtcTime() : validity.ReadGeneralizedTime();

    private static ReadOnlyMemory<byte> ReadPublicKey(AsnReader info)
    {
        var algorithm = info.ReadSequence();
        if (algorithm.ReadObjectIdentifier() != EcPublicKey || algorithm.ReadObjectIdentifier() != P256)
            throw Refused("its key is not on P-256; enrol the device again");
        algorithm.ThrowIfNotEmpty();
        var point = info.ReadBitString(out var unused);
        if (unused != 0) throw Refused("its key is not whole bytes; enrol the device again");
        info.ThrowIfNotEmpty();
        return point;
    }

    private static void ReadExtensions(AsnReader body)
    {
        var wrapper = body.ReadSequence(new Asn1Tag(TagClass.ContextSpecific, 3));
        var extensions = wrapper.ReadSequence();
        wrapper.ThrowIfNotEmpty();
        var (seen, signs) = (new HashSet<string>(StringComparer.Ordinal), false);
        while (extensions.HasData)
        {
            var extension = extensions.ReadSequence();
            var oid = extension.ReadObjectIdentifier();
            var critical = extension.PeekTag().HasSameClassAndValue(Asn1Tag.Boolean) && extension.ReadBoolean();
            var value = new AsnReader(extension.ReadOctetString(), AsnEncodingRules.DER);
            extension.ThrowIfNotEmpty();
            if (!seen.Add(oid)) throw Refused($"extension {oid} occurs twice; issue it again");
            if (oid == BasicConstraints) CheckNotAuthority(value);
            else if (oid == KeyUsage) signs = MaySign(value);
            else if (critical) throw Refused($"critical extension {oid} is unknown; issue it without");
        }

        if (!signs) throw Refused("its key is not meant for digital signatures; issue it with that key usage");
    }

    private static void CheckNotAuthority(AsnReader value)
    {
        var constraints = value.ReadSequence();
        value.ThrowIfNotEmpty();
        if (constraints.HasData) throw Refused("it is that of an authority or limits a path; issue one for an end entity");
    }

    private static bool MaySign(AsnReader value)
    {
        var bits = value.ReadBitString(out _);
        value.ThrowIfNotEmpty();
        return bits.Length > 0 && (bits[0] & 0x80) != 0;
    }
}
