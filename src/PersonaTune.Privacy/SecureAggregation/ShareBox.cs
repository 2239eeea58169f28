using System.Security.Cryptography;

namespace PersonaTune.Privacy.SecureAggregation;

/// <summary>
/// What one device sends to another through the server: AES-256-GCM with the 16-byte tag behind the ciphertext, bound to
/// session, sender and receiver. The nonce is zero, because every key (<see cref="PairwiseKeys.BoxKey"/>) seals exactly one box:
/// sealing twice with one key breaks both confidentiality and authenticity. Thread-safe.
/// </summary>
public static class ShareBox
{
    /// <summary>Bytes that a box is longer than its content.</summary>
    public const int Overhead = 16;

    /// <summary>Seals <paramref name="plaintext"/> from <paramref name="idFrom"/> to <paramref name="idTo"/>.</summary>
    public static byte[] Seal(
        ReadOnlySpan<byte> key, ReadOnlySpan<byte> sid, ReadOnlySpan<byte> idFrom, ReadOnlySpan<byte> idTo, ReadOnlySpan<byte> plaintext)
    {
        Span<byte> context = stackalloc byte[PairwiseKeys.SessionIdLength + 2 * PairwiseKeys.IdLength];
        WriteContext(key, sid, idFrom, idTo, context);
        Span<byte> nonce = stackalloc byte[12];
        nonce.Clear();
        var box = new byte[plaintext.Length + Overhead];
        using var aes = new AesGcm(key, Overhead);
        aes.Encrypt(nonce, plaintext, box.AsSpan(0, plaintext.Length), box.AsSpan(plaintext.Length), context);
        return box;
    }

    /// <summary>The content of a box. The caller zeroes it.</summary>
    /// <exception cref="ShareBoxException">
    /// The box is too short, was altered, or belongs to another session, sender or receiver.
    /// </exception>
    public static byte[] Open(
        ReadOnlySpan<byte> key, ReadOnlySpan<byte> sid, ReadOnlySpan<byte> idFrom, ReadOnlySpan<byte> idTo, ReadOnlySpan<byte> box)
    {
        Span<byte> context = stackalloc byte[PairwiseKeys.SessionIdLength + 2 * PairwiseKeys.IdLength];
        WriteContext(key, sid, idFrom, idTo, context);
        if (box.Length < Overhead)
            throw new ShareBoxException($"expected at least {Overhead} bytes, got {box.Length}; drop the sender's share");
        Span<byte> nonce = stackalloc byte[12];
        nonce.Clear();
        var plaintext = GC.AllocateArray<byte>(box.Length - Overhead, pinned: true);
        using var aes = new AesGcm(key, Overhead);
        try
        {
            aes.Decrypt(nonce, box[..^Overhead], box[^Overhead..], plaintext, context);
            return plaintext;
        }
        catch (AuthenticationTagMismatchException e)
        {
            throw new ShareBoxException(
                "it was altered, or sealed by another device, for another device or in another session; drop the sender's share", e);
        }
    }

    private static void WriteContext(
        ReadOnlySpan<byte> key, ReadOnlySpan<byte> sid, ReadOnlySpan<byte> idFrom, ReadOnlySpan<byte> idTo, Span<byte> context)
    {
        if (key.Length != 32) throw new ArgumentException($"a box key has 32 bytes, got {key.Length}", nameof(key));
        PairwiseKeys.CheckSessionId(sid);
        PairwiseKeys.CheckId(idFrom, nameof(idFrom));
        PairwiseKeys.CheckId(idTo, nameof(idTo));
        sid.CopyTo(context);
        idFrom.CopyTo(context[sid.Length..]);
        idTo.CopyTo(context[(sid.Length + idFrom.Length)..]);
    }
}
