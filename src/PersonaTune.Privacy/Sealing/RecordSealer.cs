using System.Buffers.Binary;
using System.Security.Cryptography;

namespace PersonaTune.Privacy.Sealing;

/// <summary>
/// Seals one version of one record with AES-256-GCM under a key of its own:
/// <c>key(32) || nonce(12) = HKDF-SHA256(key, class || epoch || salt24)</c> with 24 fresh random bytes, and the record's place
/// as associated data (<see cref="SealContext"/>). Layout: format 1 byte, epoch 4, salt 24, ciphertext, tag 16. The plaintext
/// is padded (<see cref="Padding"/>), so its length shows only to about an eighth. Thread-safe.
/// </summary>
/// <remarks>
/// Guarantee: confidentiality and integrity of each record, and its binding to its place, against whoever lacks the key.
/// It does not show that records are missing or that all of them are old; the store's state does. A key that leaks opens
/// every record sealed under it.
/// </remarks>
public static class RecordSealer
{
    /// <summary>The format version that is written.</summary>
    public const byte Format = 1;

    /// <summary>Bytes added to the padded plaintext.</summary>
    public const int Overhead = HeaderBytes + TagBytes;

    /// <summary>The largest plaintext: 256 MiB.</summary>
    public const int MaxPlaintext = 256 << 20;

    private const int SaltBytes = 24;
    private const int HeaderBytes = 1 + 4 + SaltBytes;
    private const int TagBytes = 16;

    /// <summary>Seals <paramref name="plaintext"/> under <paramref name="key"/>, which is that of <paramref name="epoch"/>.</summary>
    public static byte[] Seal(ReadOnlySpan<byte> key, uint epoch, SealContext context, ReadOnlySpan<byte> plaintext)
    {
        ArgumentNullException.ThrowIfNull(context);
        if (plaintext.Length > MaxPlaintext)
            throw new SealException(context.Subject, $"it has {plaintext.Length} bytes, expected at most {MaxPlaintext}; split it");
        var padded = new byte[Padding.PaddedLength(plaintext.Length)];
        Padding.Pad(plaintext, padded);
        var output = new byte[HeaderBytes + padded.Length + TagBytes];
        output[0] = Format;
        BinaryPrimitives.WriteUInt32LittleEndian(output.AsSpan(1), epoch);
        RandomNumberGenerator.Fill(output.AsSpan(5, SaltBytes));
        Span<byte> material = stackalloc byte[44];
        DeriveRecordKey(key, context.Class, output.AsSpan(1, 4 + SaltBytes), material);
        using (var gcm = new AesGcm(material[..32], TagBytes))
            gcm.Encrypt(material[32..], padded, output.AsSpan(HeaderBytes, padded.Length), output.AsSpan(HeaderBytes + padded.Length),
                context.Encode());
        CryptographicOperations.ZeroMemory(material);
        CryptographicOperations.ZeroMemory(padded);
        return output;
    }

    /// <summary>The epoch whose key opens <paramref name="sealedBytes"/>; not authenticated until they are opened.</summary>
    public static uint EpochOf(ReadOnlySpan<byte> sealedBytes, string subject)
    {
        if (sealedBytes.Length < Overhead + Padding.MinLength)
            throw new TamperedException(subject, $"it has {sealedBytes.Length} bytes, expected at least {Overhead + Padding.MinLength}; it is truncated");
        if (sealedBytes[0] != Format) throw new UnsupportedSealVersionException(subject, sealedBytes[0], Format);
        return BinaryPrimitives.ReadUInt32LittleEndian(sealedBytes[1..]);
    }

    /// <summary>Opens what <see cref="Seal"/> made; <paramref name="key"/> is that of <see cref="EpochOf"/>.</summary>
    /// <exception cref="TamperedException">The bytes were altered or do not belong to this place and version.</exception>
    /// <exception cref="UnsupportedSealVersionException">The format is unknown.</exception>
    public static byte[] Open(ReadOnlySpan<byte> key, SealContext context, ReadOnlySpan<byte> sealedBytes)
    {
        ArgumentNullException.ThrowIfNull(context);
        EpochOf(sealedBytes, context.Subject);
        Span<byte> material = stackalloc byte[44];
        DeriveRecordKey(key, context.Class, sealedBytes.Slice(1, 4 + SaltBytes), material);
        var padded = new byte[sealedBytes.Length - Overhead];
        try
        {
            using var gcm = new AesGcm(material[..32], TagBytes);
            gcm.Decrypt(material[32..], sealedBytes[HeaderBytes..^TagBytes], sealedBytes[^TagBytes..], padded, context.Encode());
            return Padding.Unpad(padded, context.Subject).ToArray();
        }
        catch (AuthenticationTagMismatchException e)
        {
            throw new TamperedException(context.Subject,
                "its authentication tag does not match its content and place; it was altered, moved or replayed: restore it from a copy or delete it", e);
        }
        finally
        {
            CryptographicOperations.ZeroMemory(material);
            CryptographicOperations.ZeroMemory(padded);
        }
    }

    private static void DeriveRecordKey(ReadOnlySpan<byte> key, string recordClass, ReadOnlySpan<byte> epochAndSalt, Span<byte> material) =>
        KeyDerivation.Derive(key, default, KeyDerivation.Info("PersonaTune/record/" + recordClass, epochAndSalt), material);
}
