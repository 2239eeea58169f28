using System.Security.Cryptography;

namespace PersonaTune.Privacy.Sealing;

/// <summary>
/// A P-256 key pair to which <see cref="Hpke"/> encrypts. The private key stays with the platform's cryptography until
/// <see cref="Dispose"/>. Not for concurrent use.
/// </summary>
public sealed class HpkeKeyPair : IDisposable
{
    /// <summary>Bytes of an encoded public key: an uncompressed point.</summary>
    public const int PublicKeyLength = P256PublicKey.Length;

    /// <summary>Bytes of a private key: a big-endian scalar.</summary>
    public const int PrivateKeyLength = 32;

    /// <summary>The least bytes of a seed for <see cref="Derive"/>.</summary>
    public const int MinSeedLength = 32;

    private readonly ECDiffieHellman _key;
    private readonly byte[] _publicKey;

    private HpkeKeyPair(ECDiffieHellman key)
    {
        _key = key;
        _publicKey = P256PublicKey.Encode(key.ExportParameters(includePrivateParameters: false).Q);
    }

    /// <summary>The public key: 0x04, x, y, big-endian.</summary>
    public ReadOnlyMemory<byte> PublicKey => _publicKey;

    /// <summary>A fresh key pair from the system's generator.</summary>
    public static HpkeKeyPair Generate() => new(ECDiffieHellman.Create(ECCurve.NamedCurves.nistP256));

    /// <summary>The key pair of a private key from <see cref="ExportPrivateKey"/>.</summary>
    /// <exception cref="SealException">It is not a scalar between 1 and the order of P-256 less 1.</exception>
    public static HpkeKeyPair Import(ReadOnlySpan<byte> privateKey)
    {
        if (privateKey.Length != PrivateKeyLength)
            throw new SealException("HPKE key pair", $"the private key has {privateKey.Length} bytes, expected {PrivateKeyLength}");
        if (!HpkeKem.IsScalar(privateKey))
            throw new SealException("HPKE key pair", "the private key is zero or not less than the order of P-256; generate another");
        var scalar = GC.AllocateUninitializedArray<byte>(PrivateKeyLength, pinned: true);
        privateKey.CopyTo(scalar);
        try
        {
            return new HpkeKeyPair(ECDiffieHellman.Create(new ECParameters { Curve = ECCurve.NamedCurves.nistP256, D = scalar }));
        }
        finally
        {
            CryptographicOperations.ZeroMemory(scalar);
        }
    }

    /// <summary>
    /// The key pair that RFC 9180's DeriveKeyPair makes of <paramref name="seed"/>: at least <see cref="MinSeedLength"/> bytes
    /// with at least 256 bits of entropy. The same seed always gives the same pair.
    /// </summary>
    public static HpkeKeyPair Derive(ReadOnlySpan<byte> seed)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(seed.Length, MinSeedLength, nameof(seed));
        Span<byte> scalar = stackalloc byte[PrivateKeyLength];
        HpkeKem.DeriveScalar(seed, scalar);
        try
        {
            return Import(scalar);
        }
        finally
        {
            CryptographicOperations.ZeroMemory(scalar);
        }
    }

    /// <summary>A copy of the private key, big-endian; the caller disposes it.</summary>
    public SecretKey ExportPrivateKey()
    {
        var parameters = _key.ExportParameters(includePrivateParameters: true);
        var copy = SecretKey.Copy(parameters.D);
        CryptographicOperations.ZeroMemory(parameters.D);
        return copy;
    }

    /// <summary>Releases the private key.</summary>
    public void Dispose() => _key.Dispose();

    /// <summary>The x-coordinate that both sides of a Diffie-Hellman agreement compute.</summary>
    internal void Agree(ReadOnlySpan<byte> publicKey, Span<byte> shared, string subject)
    {
        using var other = ECDiffieHellman.Create(P256PublicKey.Parse(publicKey, subject));
        using var otherKey = other.PublicKey;
        var agreed = _key.DeriveRawSecretAgreement(otherKey);
        agreed.CopyTo(shared);
        CryptographicOperations.ZeroMemory(agreed);
        if (!shared.ContainsAnyExcept((byte)0))
            throw new InvalidPublicKeyException(subject, "the agreement with this public key is zero; it was chosen to be predictable");
    }
}
