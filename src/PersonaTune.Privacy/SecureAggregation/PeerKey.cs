using System.Security.Cryptography;

namespace PersonaTune.Privacy.SecureAggregation;

/// <summary>
/// A public key that was validated and handed to the platform once, for any number of agreements: importing a key costs as much as
/// agreeing on one, and a server that unmasks a round agrees with every survivor many times. Not for concurrent use.
/// </summary>
public sealed class PeerKey : IDisposable
{
    private readonly ECDiffieHellman _owner;
    private readonly byte[] _encoded;

    /// <summary>Validates and imports <paramref name="publicKey"/>.</summary>
    /// <exception cref="InvalidPointException">It is no point of the curve.</exception>
    public PeerKey(ReadOnlySpan<byte> publicKey)
    {
        P256Point.Validate(publicKey);
        _encoded = publicKey.ToArray();
        _owner = ECDiffieHellman.Create(P256Point.Decode(publicKey));
        Platform = _owner.PublicKey;
    }

    /// <summary>The 65-byte encoding.</summary>
    public ReadOnlySpan<byte> Encoded => _encoded;

    internal ECDiffieHellmanPublicKey Platform { get; }

    /// <summary>Releases the platform's key.</summary>
    public void Dispose()
    {
        Platform.Dispose();
        _owner.Dispose();
    }
}
