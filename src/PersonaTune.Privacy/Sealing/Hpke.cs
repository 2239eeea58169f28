namespace PersonaTune.Privacy.Sealing;

/// <summary>
/// Hybrid public-key encryption (RFC 9180): DHKEM(P-256, HKDF-SHA256), HKDF-SHA256, AES-256-GCM. This class seals one message;
/// <see cref="HpkeSender"/> and <see cref="HpkeRecipient"/> a sequence; <see cref="HpkeSealingStream"/> a stream. Thread-safe.
/// </summary>
/// <remarks>
/// Guarantee: confidentiality and integrity of each message against whoever lacks the recipient's private key, bound to the
/// info, the associated data and the order. Without a sender's key anyone can seal, so the content needs its own signature.
/// A recipient's key that leaks later opens everything that was sealed to it.
/// </remarks>
public static class Hpke
{
    /// <summary>Bytes of an encapsulated key.</summary>
    public const int EncapsulatedKeyLength = P256PublicKey.Length;

    /// <summary>Bytes that sealing adds to each message.</summary>
    public const int TagLength = 16;

    /// <summary>Bytes that <see cref="Seal"/> adds: the encapsulated key and the tag.</summary>
    public const int Overhead = EncapsulatedKeyLength + TagLength;

    internal const string Subject = "HPKE message";

    /// <summary>Seals one message: the encapsulated key, the ciphertext, the tag.</summary>
    /// <param name="recipientPublicKey">An uncompressed P-256 point.</param>
    /// <param name="info">What the message is for; the recipient must pass the same.</param>
    /// <param name="associatedData">Authenticated but not sent; the recipient must pass the same.</param>
    /// <param name="plaintext">The message.</param>
    /// <param name="sender">The sender's key pair for auth mode.</param>
    /// <exception cref="InvalidPublicKeyException">The key is not a point of P-256.</exception>
    public static byte[] Seal(
        ReadOnlySpan<byte> recipientPublicKey, ReadOnlySpan<byte> info, ReadOnlySpan<byte> associatedData, ReadOnlySpan<byte> plaintext,
        HpkeKeyPair? sender = null)
    {
        using var context = HpkeSender.Create(recipientPublicKey, info, sender);
        var output = new byte[Overhead + plaintext.Length];
        context.EncapsulatedKey.Span.CopyTo(output);
        context.Seal(plaintext, associatedData, output.AsSpan(EncapsulatedKeyLength));
        return output;
    }

    /// <summary>Opens what <see cref="Seal"/> made.</summary>
    /// <exception cref="TamperedException">It was altered, or sealed to another key or purpose.</exception>
    /// <exception cref="InvalidPublicKeyException">The encapsulated key is not a point of P-256.</exception>
    public static byte[] Open(
        HpkeKeyPair recipient, ReadOnlySpan<byte> info, ReadOnlySpan<byte> associatedData, ReadOnlySpan<byte> sealedBytes,
        ReadOnlySpan<byte> senderPublicKey = default)
    {
        if (sealedBytes.Length < Overhead)
            throw new TamperedException(Subject, $"it has {sealedBytes.Length} bytes, expected at least {Overhead}; it is truncated");
        using var context = HpkeRecipient.Create(recipient, sealedBytes[..EncapsulatedKeyLength], info, senderPublicKey);
        return context.Open(sealedBytes[EncapsulatedKeyLength..], associatedData);
    }
}
