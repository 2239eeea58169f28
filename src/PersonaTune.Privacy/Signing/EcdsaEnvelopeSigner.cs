using System.Security.Cryptography;
using PersonaTune.Privacy.Sealing;

namespace PersonaTune.Privacy.Signing;

/// <summary>An envelope signer whose key the platform's cryptography holds. Not for concurrent use.</summary>
public sealed class EcdsaEnvelopeSigner : IEnvelopeSigner, IDisposable
{
    private readonly ECDsa _key;
    private readonly byte[] _publicKey;

    /// <summary>Takes over a P-256 key, which is disposed with the signer.</summary>
    /// <exception cref="SigningException">The key is on another curve.</exception>
    public EcdsaEnvelopeSigner(ECDsa key)
    {
        ArgumentNullException.ThrowIfNull(key);
        var parameters = key.ExportParameters(includePrivateParameters: false);
        if (!parameters.Curve.IsNamed || parameters.Curve.Oid.Value is not CmsOids.P256)
            throw new SigningException(SigningFault.RefusedAlgorithm, "envelope signer", "its key is not on P-256; generate one that is");
        _key = key;
        _publicKey = P256PublicKey.Encode(parameters.Q);
        KeyId = Sha256Digest.Of(key.ExportSubjectPublicKeyInfo());
    }

    /// <inheritdoc/>
    public Sha256Digest KeyId { get; }

    /// <inheritdoc/>
    public ReadOnlyMemory<byte> PublicKey => _publicKey;

    /// <summary>A signer with a fresh key.</summary>
    public static EcdsaEnvelopeSigner Generate() => new(ECDsa.Create(ECCurve.NamedCurves.nistP256));

    /// <inheritdoc/>
    public byte[] Sign(string context, ReadOnlySpan<byte> payload) => _key.SignData(
        SignedEnvelope.Message(context, payload), HashAlgorithmName.SHA256, DSASignatureFormat.IeeeP1363FixedFieldConcatenation);

    /// <summary>Releases the key.</summary>
    public void Dispose() => _key.Dispose();
}
