using System.Security.Cryptography;
using PersonaTune.Privacy.Sealing;

namespace PersonaTune.Device.Keys;

/// <summary>
/// Protects by a file of 32 random bytes that is kept elsewhere: on removable media, or where only the application's account
/// reads. The file is <c>"PTKF" | format 4 | key 32 | first 8 bytes of the SHA-256 of all before</c>. Anchors lie beside it, one
/// small file a store, so that old copies of store and keyring are noticed as long as the key file's folder is not restored
/// with them.
/// </summary>
public sealed class KeyFileProtector : IKeyProtector
{
    private const uint Format = 1;
    private const int FileBytes = 4 + 4 + 32 + 8;
    private const int NonceBytes = 12;
    private const int TagBytes = 16;

    private readonly SecretKey _key;
    private readonly string _path;

    private KeyFileProtector(string path, SecretKey key)
    {
        _path = path;
        _key = key;
        Anchor = new FileAnchor(path, key);
    }

    /// <inheritdoc/>
    public string Kind => "key-file";

    /// <inheritdoc/>
    public IRollbackAnchor Anchor { get; }

    /// <summary>Creates a key file, readable by its owner only; it must not exist.</summary>
    public static KeyFileProtector Create(string path)
    {
        if (File.Exists(path)) throw new SealException($"key file '{path}'", "it exists already; open it, or choose another name");
        var key = SecretKey.Random();
        using var writer = new SealWriter();
        writer.WriteFixed("PTKF"u8);
        writer.WriteUInt32(Format);
        writer.WriteFixed(key.Bytes);
        writer.WriteFixed(SHA256.HashData(writer.Written).AsSpan(0, 8));
        DurableFile.Replace(path, writer.Written);
        return new KeyFileProtector(path, key);
    }

    /// <summary>Opens a key file.</summary>
    /// <exception cref="FileNotFoundException">There is none.</exception>
    /// <exception cref="TamperedException">It is truncated or altered, or no key file.</exception>
    public static KeyFileProtector Open(string path)
    {
        var subject = $"key file '{path}'";
        if (!File.Exists(path)) throw new FileNotFoundException($"{subject}: it does not exist; attach its medium or give its path", path);
        if (new FileInfo(path).Length != FileBytes)
            throw new TamperedException(subject, $"expected {FileBytes} bytes, found {new FileInfo(path).Length}; it is no key file or was altered");
        var bytes = File.ReadAllBytes(path);
        try
        {
            var reader = new SealReader(bytes, subject);
            if (!reader.ReadFixed(4).SequenceEqual("PTKF"u8)) throw new TamperedException(subject, "it is no key file or was altered");
            var format = reader.ReadUInt32();
            var key = reader.ReadFixed(32);
            if (!SHA256.HashData(bytes.AsSpan(0, FileBytes - 8)).AsSpan(0, 8).SequenceEqual(reader.ReadFixed(8)))
                throw new TamperedException(subject, "its checksum does not match; it was altered: restore it from a copy");
            if (format != Format) throw new UnsupportedSealVersionException(subject, (int)Math.Min(format, int.MaxValue), (int)Format);
            return new KeyFileProtector(path, SecretKey.Copy(key));
        }
        finally
        {
            CryptographicOperations.ZeroMemory(bytes);
        }
    }

    /// <inheritdoc/>
    public byte[] Protect(ReadOnlySpan<byte> secret, ReadOnlySpan<byte> associatedData)
    {
        if (secret.Length > 1024) throw new ArgumentException($"the secret has {secret.Length} bytes, expected at most 1024", nameof(secret));
        var blob = new byte[NonceBytes + secret.Length + TagBytes];
        RandomNumberGenerator.Fill(blob.AsSpan(0, NonceBytes));
        using var wrapping = KeyDerivation.Subkey(_key.Bytes, "PersonaTune/key file/1");
        using var gcm = new AesGcm(wrapping.Bytes, TagBytes);
        gcm.Encrypt(blob.AsSpan(0, NonceBytes), secret, blob.AsSpan(NonceBytes, secret.Length), blob.AsSpan(blob.Length - TagBytes), associatedData);
        return blob;
    }

    /// <inheritdoc/>
    public SecretKey Unprotect(ReadOnlySpan<byte> blob, ReadOnlySpan<byte> associatedData)
    {
        var subject = $"key file '{_path}'";
        if (blob.Length < NonceBytes + TagBytes)
            throw new TamperedException(subject, $"its protected key has {blob.Length} bytes; it is truncated");
        using var wrapping = KeyDerivation.Subkey(_key.Bytes, "PersonaTune/key file/1");
        var secret = new byte[blob.Length - NonceBytes - TagBytes];
        try
        {
            using var gcm = new AesGcm(wrapping.Bytes, TagBytes);
            gcm.Decrypt(blob[..NonceBytes], blob[NonceBytes..^TagBytes], blob[^TagBytes..], secret, associatedData);
            return SecretKey.Copy(secret);
        }
        catch (AuthenticationTagMismatchException e)
        {
            throw new WrongKeyException(subject, "it does not open this store; use the key file that the store was created with", e);
        }
        finally
        {
            CryptographicOperations.ZeroMemory(secret);
        }
    }

    /// <summary>Overwrites the key with zeros.</summary>
    public void Dispose() => _key.Dispose();
}
