using System.Security.Cryptography;
using PersonaTune.Privacy.Sealing;

namespace PersonaTune.Privacy.SecureAggregation;

/// <summary>
/// A P-256 key pair for one round: the mask key M or the box key E of a device. The private scalar is held in memory that is
/// zeroed on disposal. Public keys are 65 bytes, see <see cref="P256Point"/>. Not for concurrent use.
/// </summary>
public sealed class EphemeralKey : IDisposable
{
    /// <summary>Bytes of a private scalar, big-endian.</summary>
    public const int ScalarLength = 32;

    private readonly SecretKey _scalar;
    private readonly ECDiffieHellman _key;
    private readonly byte[] _publicKey;

    private EphemeralKey(ReadOnlySpan<byte> scalar)
    {
        _key = Import(scalar);
        try
        {
            _publicKey = P256Point.Encode(_key.ExportParameters(includePrivateParameters: false).Q);
            _scalar = SecretKey.Copy(scalar);
        }
        catch
        {
            _key.Dispose();
            throw;
        }
    }

    /// <summary>The 65-byte public key.</summary>
    public ReadOnlySpan<byte> PublicKey => _publicKey;

    /// <summary>The private scalar: what is shared among the neighbours. Do not copy it anywhere that is not zeroed.</summary>
    public ReadOnlySpan<byte> Scalar => _scalar.Bytes;

    private static ReadOnlySpan<byte> Order =>
    [
        0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
        0xbc, 0xe6, 0xfa, 0xad, 0xa7, 0x17, 0x9e, 0x84, 0xf3, 0xb9, 0xca, 0xc2, 0xfc, 0x63, 0x25, 0x51,
    ];

    /// <summary>A fresh key: a scalar uniform in [1, order), by rejection.</summary>
    public static EphemeralKey Generate(ISecretRandom? random = null)
    {
        random ??= SecretRandom.System;
        Span<byte> scalar = stackalloc byte[ScalarLength];
        try
        {
            do random.Fill(scalar);
            while (!IsScalar(scalar));
            return new EphemeralKey(scalar);
        }
        finally
        {
            CryptographicOperations.ZeroMemory(scalar);
        }
    }

    /// <summary>The key of a known private scalar of 32 bytes, big-endian, as reconstructed from shares.</summary>
    /// <exception cref="SecureAggregationException">The scalar is not 32 bytes long or lies outside [1, order).</exception>
    public static EphemeralKey FromScalar(ReadOnlySpan<byte> scalar)
    {
        if (!IsScalar(scalar))
            throw new SecureAggregationException("P-256 private key", "the scalar does not lie in [1, order); reconstruct it again");
        return new EphemeralKey(scalar);
    }

    /// <summary>
    /// Whether <paramref name="scalar"/> is the private key of <paramref name="publicKey"/>: how a server finds out that a
    /// reconstruction from shares is right. A scalar or point that is none gives false.
    /// </summary>
    public static bool Matches(ReadOnlySpan<byte> scalar, ReadOnlySpan<byte> publicKey)
    {
        if (!IsScalar(scalar)) return false;
        using var key = new EphemeralKey(scalar);
        return key.PublicKey.SequenceEqual(publicKey);
    }

    /// <summary>
    /// The raw x-coordinate (32 bytes) of scalar x point. It is key material, not a key: derive keys from it as
    /// <see cref="PairwiseKeys"/> does. The caller zeroes it.
    /// </summary>
    /// <exception cref="InvalidPointException"><paramref name="publicKey"/> is no point of the curve.</exception>
    public byte[] Agree(ReadOnlySpan<byte> publicKey)
    {
        using var peer = new PeerKey(publicKey);
        return Agree(peer);
    }

    /// <summary>As <see cref="Agree(ReadOnlySpan{byte})"/>, with a key that was imported before.</summary>
    public byte[] Agree(PeerKey peer)
    {
        ArgumentNullException.ThrowIfNull(peer);
        return _key.DeriveRawSecretAgreement(peer.Platform);
    }

    /// <summary>Zeroes the scalar and releases the platform's key.</summary>
    public void Dispose()
    {
        _scalar.Dispose();
        _key.Dispose();
    }

    private static ECDiffieHellman Import(ReadOnlySpan<byte> scalar)
    {
        var d = GC.AllocateUninitializedArray<byte>(ScalarLength, pinned: true);
        scalar.CopyTo(d);
        try
        {
            return ECDiffieHellman.Create(new ECParameters { Curve = ECCurve.NamedCurves.nistP256, D = d });
        }
        finally
        {
            CryptographicOperations.ZeroMemory(d);
        }
    }

    // Subtracts the order with borrow over all bytes, so that the time does not depend on the scalar.
    private static bool IsScalar(ReadOnlySpan<byte> scalar)
    {
        if (scalar.Length != ScalarLength) return false;
        var (borrow, any) = (0, 0);
        for (var i = ScalarLength - 1; i >= 0; i--)
        {
            borrow = (scalar[i] - Order[i] - borrow) >> 31 & 1;
            any |= scalar[i];
        }

        return borrow == 1 & any != 0;
    }
}
