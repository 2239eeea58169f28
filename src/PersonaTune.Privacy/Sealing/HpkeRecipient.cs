using System.Security.Cryptography;

namespace PersonaTune.Privacy.Sealing;

/// <summary>The receiving side of an HPKE context: opens messages in the order in which they were sealed. Not thread-safe.</summary>
public sealed class HpkeRecipient : IDisposable
{
    private readonly HpkeContext _context;

    private HpkeRecipient(HpkeContext context) => _context = context;

    /// <summary>The number of messages opened so far.</summary>
    public ulong Sequence => _context.Sequence;

    internal HpkeContext Context => _context;

    /// <summary>
    /// Sets up the context that a sender with <paramref name="encapsulatedKey"/> set up. A wrong key or
    /// <paramref name="info"/> shows when the first message does not open.
    /// </summary>
    /// <param name="recipient">The key pair that was encrypted to.</param>
    /// <param name="encapsulatedKey">The sender's <see cref="HpkeSender.EncapsulatedKey"/>.</param>
    /// <param name="info">What the sender passed.</param>
    /// <param name="senderPublicKey">The sender's public key in auth mode; empty in base mode.</param>
    /// <exception cref="InvalidPublicKeyException">A key is not a point of P-256.</exception>
    public static HpkeRecipient Create(
        HpkeKeyPair recipient, ReadOnlySpan<byte> encapsulatedKey, ReadOnlySpan<byte> info, ReadOnlySpan<byte> senderPublicKey = default) =>
        Create(HpkeAead.Aes256Gcm, recipient, encapsulatedKey, info, senderPublicKey);

    internal static HpkeRecipient Create(
        HpkeAead aead, HpkeKeyPair recipient, ReadOnlySpan<byte> encapsulatedKey, ReadOnlySpan<byte> info, ReadOnlySpan<byte> senderPublicKey)
    {
        ArgumentNullException.ThrowIfNull(recipient);
        Span<byte> secret = stackalloc byte[HpkeKem.SecretLength];
        HpkeKem.Decapsulate(recipient, encapsulatedKey, senderPublicKey, Hpke.Subject, secret);
        var schedule = new HpkeKeySchedule(aead, !senderPublicKey.IsEmpty, secret, info);
        CryptographicOperations.ZeroMemory(secret);
        return new HpkeRecipient(new HpkeContext(schedule, Hpke.Subject));
    }

    /// <summary>Opens the next message. One that is refused does not count: the right one can still be opened.</summary>
    /// <exception cref="TamperedException">It was altered, is not the next one, or was sealed to another key or purpose.</exception>
    public byte[] Open(ReadOnlySpan<byte> ciphertext, ReadOnlySpan<byte> associatedData = default)
    {
        var output = new byte[Math.Max(0, ciphertext.Length - Hpke.TagLength)];
        _context.Open(ciphertext, associatedData, output);
        return output;
    }

    /// <summary>Opens the next message into <paramref name="output"/>, which may start where <paramref name="ciphertext"/> does.</summary>
    /// <exception cref="TamperedException">As above; <paramref name="output"/> then holds nothing of the message.</exception>
    public void Open(ReadOnlySpan<byte> ciphertext, ReadOnlySpan<byte> associatedData, Span<byte> output) =>
        _context.Open(ciphertext, associatedData, output);

    /// <summary>The secret that <see cref="HpkeSender.Export"/> gives for the same arguments.</summary>
    public SecretKey Export(ReadOnlySpan<byte> context, int length) => _context.Export(context, length);

    /// <summary>Zeroes the keys.</summary>
    public void Dispose() => _context.Dispose();
}
