using System.Buffers.Binary;
using System.Security.Cryptography;

namespace PersonaTune.Privacy.Sealing;

/// <summary>One direction of an HPKE conversation (RFC 9180, 5.2): the nonce of message i is the base nonce xor i.</summary>
internal sealed class HpkeContext : IDisposable
{
    private readonly HpkeKeySchedule _schedule;
    private readonly AesGcm _aead;
    private readonly string _subject;

    public HpkeContext(HpkeKeySchedule schedule, string subject)
    {
        _schedule = schedule;
        _subject = subject;
        _aead = new AesGcm(schedule.Key, Hpke.TagLength);
    }

    public ulong Sequence { get; internal set; }

    public void Seal(ReadOnlySpan<byte> plaintext, ReadOnlySpan<byte> associatedData, Span<byte> output)
    {
        if (output.Length != plaintext.Length + Hpke.TagLength)
            throw new ArgumentException($"the output has {output.Length} bytes, expected {plaintext.Length + Hpke.TagLength}", nameof(output));
        Span<byte> nonce = stackalloc byte[HpkeKeySchedule.NonceLength];
        Nonce(nonce);
        _aead.Encrypt(nonce, plaintext, output[..plaintext.Length], output[plaintext.Length..], associatedData);
        Sequence++;
    }

    public void Open(ReadOnlySpan<byte> ciphertext, ReadOnlySpan<byte> associatedData, Span<byte> output)
    {
        if (ciphertext.Length < Hpke.TagLength)
            throw new TamperedException(_subject, $"it has {ciphertext.Length} bytes, expected at least {Hpke.TagLength}; it is truncated");
        if (output.Length != ciphertext.Length - Hpke.TagLength)
            throw new ArgumentException($"the output has {output.Length} bytes, expected {ciphertext.Length - Hpke.TagLength}", nameof(output));
        Span<byte> nonce = stackalloc byte[HpkeKeySchedule.NonceLength];
        Nonce(nonce);
        try
        {
            _aead.Decrypt(nonce, ciphertext[..^Hpke.TagLength], ciphertext[^Hpke.TagLength..], output, associatedData);
        }
        catch (AuthenticationTagMismatchException e)
        {
            throw new TamperedException(_subject,
                $"the tag of message {Sequence} does not match; it was altered, moved or repeated, or was sealed to another key or purpose", e);
        }
        Sequence++; // a message that was refused does not count (RFC 9180, 5.2)
    }

    public SecretKey Export(ReadOnlySpan<byte> context, int length)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(length);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(length, KeyDerivation.MaxOutputLength);
        return SecretKey.Create(length, context.ToArray(), (span, info) =>
            HpkeKdf.Expand(_schedule.Suite, _schedule.ExporterSecret, "sec"u8, info, span));
    }

    public void Dispose()
    {
        _aead.Dispose();
        _schedule.Dispose();
    }

    private void Nonce(Span<byte> nonce)
    {
        if (Sequence == ulong.MaxValue)
            throw new SealException(_subject, "its context has used up its 2^64 - 1 messages; set up a new one");
        _schedule.BaseNonce.CopyTo(nonce);
        var low = nonce[^sizeof(ulong)..];
        BinaryPrimitives.WriteUInt64BigEndian(low, BinaryPrimitives.ReadUInt64BigEndian(low) ^ Sequence);
    }
}
