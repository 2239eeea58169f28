using System.Security.Cryptography;

namespace PersonaTune.Device.Keys;

/// <summary>The device's signing key: ECDSA on P-256, kept in the keyring. Thread-safe. Signatures are 64 bytes (r || s).</summary>
public sealed class DeviceIdentity : IDisposable
{
    private readonly ECDsa _key;
    private readonly Lock _lock = new();

    internal DeviceIdentity(ReadOnlySpan<byte> privateKey)
    {
        _key = ECDsa.Create();
        _key.ImportPkcs8PrivateKey(privateKey, out _);
        PublicKey = _key.ExportSubjectPublicKeyInfo();
    }

    /// <summary>The public key as DER SubjectPublicKeyInfo.</summary>
    public ReadOnlyMemory<byte> PublicKey { get; }

    /// <summary>The signature of SHA-256 of <paramref name="data"/>.</summary>
    public byte[] Sign(ReadOnlySpan<byte> data)
    {
        lock (_lock) return _key.SignData(data, HashAlgorithmName.SHA256);
    }

    /// <summary>Whether <paramref name="signature"/> is that of <paramref name="data"/> by the key <paramref name="publicKey"/> (DER).</summary>
    public static bool Verify(ReadOnlySpan<byte> publicKey, ReadOnlySpan<byte> data, ReadOnlySpan<byte> signature)
    {
        using var key = ECDsa.Create();
        try
        {
            key.ImportSubjectPublicKeyInfo(publicKey, out var read);
            return read == publicKey.Length && key.KeySize == 256 && key.VerifyData(data, signature, HashAlgorithmName.SHA256);
        }
        catch (CryptographicException)
        {
            return false;
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _key.Dispose();
}
