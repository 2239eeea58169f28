using System.Security.Cryptography;
using PersonaTune.Privacy.SecureAggregation.Rounds;

namespace PersonaTune.Privacy.SecureAggregation.Identity;

/// <summary>A party's public identity key. Not for concurrent use.</summary>
public sealed class VerificationKey : IMessageVerifier, IDisposable
{
    /// <summary>Bytes of a signature.</summary>
    public const int SignatureLength = 64;

    private readonly ECDsa _key;
    private readonly byte[] _publicKey;

    /// <summary>Imports an encoded point, see <see cref="P256Point"/>.</summary>
    /// <exception cref="InvalidPointException">It is no point of the curve.</exception>
    public VerificationKey(ReadOnlySpan<byte> publicKey)
    {
        P256Point.Validate(publicKey);
        _publicKey = publicKey.ToArray();
        Id = DeviceId.Of(publicKey);
        _key = ECDsa.Create(P256Point.Decode(publicKey));
    }

    /// <inheritdoc/>
    public DeviceId Id { get; }

    /// <summary>The encoded point.</summary>
    public ReadOnlySpan<byte> PublicKey => _publicKey;

    /// <inheritdoc/>
    public bool Verify(ReadOnlySpan<byte> digest, ReadOnlySpan<byte> signature) =>
        signature.Length == SignatureLength && _key.VerifyHash(digest, signature, DSASignatureFormat.IeeeP1363FixedFieldConcatenation);

    /// <summary>Releases the key.</summary>
    public void Dispose() => _key.Dispose();
}
