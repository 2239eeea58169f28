using System.Security.Cryptography;
using PersonaTune.Privacy.SecureAggregation.Rounds;

namespace PersonaTune.Privacy.SecureAggregation.Identity;

/// <summary>An identity key held in the process. Not for concurrent use.</summary>
public sealed class IdentityKey : IMessageSigner, IDisposable
{
    private readonly ECDsa _key;
    private readonly byte[] _publicKey;

    /// <summary>Takes over <paramref name="key"/>, a P-256 key with its private part, and disposes it in the end.</summary>
    /// <exception cref="ArgumentException">The key is on another curve.</exception>
    public IdentityKey(ECDsa key, ReadOnlyMemory<byte> certificate = default)
    {
        ArgumentNullException.ThrowIfNull(key);
        var parameters = key.ExportParameters(includePrivateParameters: false);
        if (parameters.Curve.Oid.Value != ECCurve.NamedCurves.nistP256.Oid.Value)
            throw new ArgumentException($"an identity key is on P-256, got {parameters.Curve.Oid.FriendlyName}", nameof(key));
        _key = key;
        _publicKey = P256Point.Encode(parameters.Q);
        Certificate = certificate;
        Id = DeviceId.Of(_publicKey);
    }

    /// <inheritdoc/>
    public DeviceId Id { get; }

    /// <inheritdoc/>
    public ReadOnlyMemory<byte> Certificate { get; }

    /// <summary>The public key, see <see cref="P256Point"/>.</summary>
    public ReadOnlySpan<byte> PublicKey => _publicKey;

    /// <summary>A fresh key without a certificate, as a server uses it.</summary>
    public static IdentityKey Generate() => new(ECDsa.Create(ECCurve.NamedCurves.nistP256));

    /// <inheritdoc/>
    public byte[] Sign(ReadOnlySpan<byte> digest) => _key.SignHash(digest, DSASignatureFormat.IeeeP1363FixedFieldConcatenation);

    /// <summary>Releases the key.</summary>
    public void Dispose() => _key.Dispose();
}
