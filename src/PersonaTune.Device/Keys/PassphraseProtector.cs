using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;
using PersonaTune.Privacy.Sealing;

namespace PersonaTune.Device.Keys;

/// <summary>
/// Protects by a passphrase. The blob is algorithm 1 byte, cost (Argon2id: memory KiB, iterations, lanes; PBKDF2: iterations;
/// 12 bytes), salt 16, nonce 12, ciphertext, tag 16; algorithm, cost, salt and the caller's data are the associated data of
/// AES-256-GCM. A stored cost above the ceiling is refused before any work. The passphrase is taken as UTF-8 exactly as given;
/// normalize it where input methods differ. It has no place for an anchor.
/// </summary>
public sealed class PassphraseProtector : IKeyProtector
{
    private const byte Argon2 = 1;
    private const byte Pbkdf = 2;
    private const int SaltBytes = 16;
    private const int NonceBytes = 12;
    private const int TagBytes = 16;
    private const int PrefixBytes = 1 + 12 + SaltBytes;
    private const string Subject = "passphrase";

    private readonly SecretKey _passphrase;
    private readonly Argon2Parameters? _argon2;
    private readonly int _iterations;

    private PassphraseProtector(string passphrase, Argon2Parameters? argon2, int iterations)
    {
        ArgumentException.ThrowIfNullOrEmpty(passphrase);
        var bytes = Encoding.UTF8.GetBytes(passphrase);
        _passphrase = SecretKey.Copy(bytes);
        CryptographicOperations.ZeroMemory(bytes);
        _argon2 = argon2;
        _iterations = iterations;
    }

    /// <inheritdoc/>
    public string Kind => "passphrase";

    /// <inheritdoc/>
    public IRollbackAnchor? Anchor => null;

    /// <summary>A passphrase under Argon2id (default cost 64 MiB, three passes, one lane). Opens blobs of either algorithm.</summary>
    /// <exception cref="KeyCostException">The cost lies outside the accepted range.</exception>
    public static PassphraseProtector FromArgon2id(string passphrase, Argon2Parameters? parameters = null)
    {
        var cost = parameters ?? Argon2Parameters.Default;
        cost.Validate(Subject);
        return new PassphraseProtector(passphrase, cost, 0);
    }

    /// <summary>
    /// A passphrase under PBKDF2-HMAC-SHA512, where 64 MiB of memory are not to be had; <paramref name="iterations"/> comes from
    /// <see cref="Pbkdf2.Calibrate"/>. Opens blobs of either algorithm.
    /// </summary>
    /// <exception cref="KeyCostException">The cost lies outside the accepted range.</exception>
    public static PassphraseProtector FromPbkdf2(string passphrase, int iterations)
    {
        Pbkdf2.Validate(Subject, iterations);
        return new PassphraseProtector(passphrase, null, iterations);
    }

    /// <inheritdoc/>
    public byte[] Protect(ReadOnlySpan<byte> secret, ReadOnlySpan<byte> associatedData)
    {
        if (secret.Length > 1024) throw new ArgumentException($"the secret has {secret.Length} bytes, expected at most 1024", nameof(secret));
        var blob = new byte[PrefixBytes + NonceBytes + secret.Length + TagBytes];
        if (_argon2 is { } cost)
        {
            blob[0] = Argon2;
            BinaryPrimitives.WriteInt32LittleEndian(blob.AsSpan(1), cost.MemoryKiB);
            BinaryPrimitives.WriteInt32LittleEndian(blob.AsSpan(5), cost.Iterations);
            BinaryPrimitives.WriteInt32LittleEndian(blob.AsSpan(9), cost.Parallelism);
        }
        else
        {
            blob[0] = Pbkdf;
            BinaryPrimitives.WriteInt32LittleEndian(blob.AsSpan(1), _iterations);
        }
        RandomNumberGenerator.Fill(blob.AsSpan(13, SaltBytes + NonceBytes));
        using var key = Derive(blob);
        using var gcm = new AesGcm(key.Bytes, TagBytes);
        gcm.Encrypt(blob.AsSpan(PrefixBytes, NonceBytes), secret, blob.AsSpan(PrefixBytes + NonceBytes, secret.Length),
            blob.AsSpan(blob.Length - TagBytes), Bound(blob, associatedData));
        return blob;
    }

    /// <inheritdoc/>
    public SecretKey Unprotect(ReadOnlySpan<byte> blob, ReadOnlySpan<byte> associatedData)
    {
        if (blob.Length < PrefixBytes + NonceBytes + TagBytes)
            throw new TamperedException(Subject, $"its protected key has {blob.Length} bytes; it is truncated");
        using var key = Derive(blob);
        var secret = new byte[blob.Length - PrefixBytes - NonceBytes - TagBytes];
        try
        {
            using var gcm = new AesGcm(key.Bytes, TagBytes);
            gcm.Decrypt(blob.Slice(PrefixBytes, NonceBytes), blob[(PrefixBytes + NonceBytes)..^TagBytes], blob[^TagBytes..], secret,
                Bound(blob, associatedData));
            return SecretKey.Copy(secret);
        }
        catch (AuthenticationTagMismatchException e)
        {
            throw new WrongKeyException(Subject, "it does not open this store; check it and try again", e);
        }
        finally
        {
            CryptographicOperations.ZeroMemory(secret);
        }
    }

    /// <summary>Overwrites the passphrase with zeros.</summary>
    public void Dispose() => _passphrase.Dispose();

    private SecretKey Derive(ReadOnlySpan<byte> blob)
    {
        var first = BinaryPrimitives.ReadInt32LittleEndian(blob[1..]);
        var salt = blob.Slice(13, SaltBytes);
        Span<byte> key = stackalloc byte[32];
        switch (blob[0])
        {
            case Argon2:
                var cost = new Argon2Parameters(first, BinaryPrimitives.ReadInt32LittleEndian(blob[5..]),
                    BinaryPrimitives.ReadInt32LittleEndian(blob[9..]));
                cost.Validate(Subject);
                Argon2id.DeriveKey(_passphrase.Bytes, salt, cost, key);
                break;
            case Pbkdf:
                Pbkdf2.DeriveKey(_passphrase.Bytes, salt, first, key);
                break;
            default:
                throw new UnsupportedSealVersionException(Subject, blob[0], Pbkdf);
        }
        var derived = SecretKey.Copy(key);
        CryptographicOperations.ZeroMemory(key);
        return derived;
    }

    private static byte[] Bound(ReadOnlySpan<byte> blob, ReadOnlySpan<byte> associatedData)
    {
        using var writer = new SealWriter();
        writer.WriteText("PersonaTune/passphrase/1");
        writer.WriteFixed(blob[..PrefixBytes]);
        writer.WriteField(associatedData);
        return writer.ToArray();
    }
}
