using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

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

    /// <summary>
    /// A certificate of the device's own for signing bundles with <see cref="Privacy.Signing.ManifestSigner"/>: it carries the key, and is worth what its pinning on the
    /// other devices is worth. Dispose it after signing.
    /// </summary>
    /// <param name="name">Common name, for people: 1 to 64 letters, digits, spaces, '.', '_' or '-'.</param>
    /// <param name="now">The time from which it is valid.</param>
    /// <param name="validity">How long.</param>
    /// <exception cref="ArgumentException">The name is malformed.</exception>
    public X509Certificate2 CreateCertificate(string name, DateTimeOffset now, TimeSpan validity)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(name);
        if (name.Length > 64 || name.Any(c => !char.IsAsciiLetterOrDigit(c) && c is not (' ' or '.' or '_' or '-')))
            throw new ArgumentException("a certificate's name has at most 64 letters, digits, spaces, '.', '_' or '-'", nameof(name));
        lock (_lock)
        {
            var request = new CertificateRequest($"CN={name}", _key, HashAlgorithmName.SHA256);
            request.CertificateExtensions.Add(new X509KeyUsageExtension(X509KeyUsageFlags.DigitalSignature, critical: true));
            request.CertificateExtensions.Add(new X509EnhancedKeyUsageExtension([new Oid("1.3.6.1.5.5.7.3.3")], critical: true));
            return request.CreateSelfSigned(now.AddMinutes(-5), now + validity);
        }
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
