using System.Security.Cryptography;

namespace PersonaTune.Privacy.Sealing;

/// <summary>
/// The sending side of an HPKE context: seals a sequence of messages that the recipient opens in the same order. With a
/// sender's key pair (auth mode) the recipient also learns that the holder of that key sealed them. Not thread-safe.
/// </summary>
/// <remarks>
/// Guarantee: see <see cref="Hpke"/>. Auth mode can be forged by whoever holds the <em>recipient's</em> private key, so it is
/// no signature.
/// </remarks>
public sealed class HpkeSender : IDisposable
{
    private readonly HpkeContext _context;

    private HpkeSender(byte[] encapsulatedKey, HpkeContext context)
    {
        EncapsulatedKey = encapsulatedKey;
        _context = context;
    }

    /// <summary>What the recipient needs to set up its side: <see cref="Hpke.EncapsulatedKeyLength"/> bytes.</summary>
    public ReadOnlyMemory<byte> EncapsulatedKey { get; }

    /// <summary>The number of messages sealed so far.</summary>
    public ulong Sequence => _context.Sequence;

    internal HpkeContext Context => _context;

    /// <summary>Sets up a context for <paramref name="recipientPublicKey"/>; both sides must pass the same <paramref name="info"/>.</summary>
    /// <exception cref="InvalidPublicKeyException">The key is not a point of P-256.</exception>
    public static HpkeSender Create(ReadOnlySpan<byte> recipientPublicKey, ReadOnlySpan<byte> info, HpkeKeyPair? sender = null)
    {
        using var ephemeral = HpkeKeyPair.Generate();
        return Create(HpkeAead.Aes256Gcm, recipientPublicKey, info, sender, ephemeral);
    }

    internal static HpkeSender Create(
        HpkeAead aead, ReadOnlySpan<byte> recipientPublicKey, ReadOnlySpan<byte> info, HpkeKeyPair? sender, HpkeKeyPair ephemeral)
    {
        Span<byte> secret = stackalloc byte[HpkeKem.SecretLength];
        HpkeKem.Encapsulate(ephemeral, recipientPublicKey, sender, Hpke.Subject, secret);
        var schedule = new HpkeKeySchedule(aead, sender is not null, secret, info);
        CryptographicOperations.ZeroMemory(secret);
        return new HpkeSender(ephemeral.PublicKey.ToArray(), new HpkeContext(schedule, Hpke.Subject));
    }

    /// <summary>Seals the next message: its ciphertext and tag, <see cref="Hpke.TagLength"/> bytes longer than the plaintext.</summary>
    public byte[] Seal(ReadOnlySpan<byte> plaintext, ReadOnlySpan<byte> associatedData = default)
    {
        var output = new byte[plaintext.Length + Hpke.TagLength];
        _context.Seal(plaintext, associatedData, output);
        return output;
    }

    /// <summary>Seals the next message into <paramref name="output"/>, which may start where <paramref name="plaintext"/> does.</summary>
    public void Seal(ReadOnlySpan<byte> plaintext, ReadOnlySpan<byte> associatedData, Span<byte> output) =>
        _context.Seal(plaintext, associatedData, output);

    /// <summary>A secret of <paramref name="length"/> bytes that both sides derive for the same <paramref name="context"/>.</summary>
    public SecretKey Export(ReadOnlySpan<byte> context, int length) => _context.Export(context, length);

    /// <summary>Zeroes the keys.</summary>
    public void Dispose() => _context.Dispose();
}
