using System.Formats.Asn1;
using System.Security.Cryptography;

namespace PersonaTune.Privacy.Signing;

/// <summary>An AlgorithmIdentifier: its identifier, its parameters if there are any, and its whole encoding.</summary>
internal sealed record CmsAlgorithm(string Oid, ReadOnlyMemory<byte>? Parameters, ReadOnlyMemory<byte> Encoded)
{
    private static readonly byte[] Null = [0x05, 0x00];

    public static CmsAlgorithm Read(AsnReader reader)
    {
        var encoded = reader.PeekEncodedValue();
        var sequence = reader.ReadSequence();
        var oid = sequence.ReadObjectIdentifier();
        ReadOnlyMemory<byte>? parameters = sequence.HasData ? sequence.ReadEncodedValue() : default(ReadOnlyMemory<byte>?);
        sequence.ThrowIfNotEmpty();
        return new CmsAlgorithm(oid, parameters, encoded);
    }

    /// <summary>The digest of a digest identifier; null if it is not one that is accepted.</summary>
    public HashAlgorithmName? Digest()
    {
        if (Parameters is { } parameters && !parameters.Span.SequenceEqual(Null)) return null;
        return Oid switch
        {
            CmsOids.Sha256 => HashAlgorithmName.SHA256,
            CmsOids.Sha384 => HashAlgorithmName.SHA384,
            CmsOids.Sha512 => HashAlgorithmName.SHA512,
            _ => null,
        };
    }

    /// <summary>Whether this signature algorithm is ECDSA or RSA-PSS with <paramref name="digest"/> and no other parameters.</summary>
    public bool IsAcceptedWith(CmsAlgorithm digest)
    {
        var ecdsa = digest.Oid switch
        {
            CmsOids.Sha256 => CmsOids.EcdsaSha256,
            CmsOids.Sha384 => CmsOids.EcdsaSha384,
            _ => CmsOids.EcdsaSha512,
        };
        if (IsEcdsa) return Parameters is null && string.Equals(Oid, ecdsa, StringComparison.Ordinal);
        return IsRsaPss && Parameters is { } p
            && (p.Span.SequenceEqual(PssParameters(digest.Oid, withNull: true))
                || p.Span.SequenceEqual(PssParameters(digest.Oid, withNull: false)));
    }

    public bool IsEcdsa => Oid is CmsOids.EcdsaSha256 or CmsOids.EcdsaSha384 or CmsOids.EcdsaSha512;

    public bool IsRsaPss => string.Equals(Oid, CmsOids.RsaPss, StringComparison.Ordinal);

    /// <summary>RSASSA-PSS-params (RFC 8017, A.2.3): the digest, MGF1 with the same digest, a salt of its length.</summary>
    private static byte[] PssParameters(string digest, bool withNull)
    {
        var writer = new AsnWriter(AsnEncodingRules.DER);
        using (writer.PushSequence())
        {
            using (writer.PushSequence(new Asn1Tag(TagClass.ContextSpecific, 0))) WriteAlgorithm();
            using (writer.PushSequence(new Asn1Tag(TagClass.ContextSpecific, 1)))
            using (writer.PushSequence())
            {
                writer.WriteObjectIdentifier(CmsOids.Mgf1);
                WriteAlgorithm();
            }
            using (writer.PushSequence(new Asn1Tag(TagClass.ContextSpecific, 2)))
                writer.WriteInteger(digest switch { CmsOids.Sha256 => 32, CmsOids.Sha384 => 48, _ => 64 });
        }
        return writer.Encode();

        void WriteAlgorithm()
        {
            using (writer.PushSequence())
            {
                writer.WriteObjectIdentifier(digest);
                if (withNull) writer.WriteNull();
            }
        }
    }
}
