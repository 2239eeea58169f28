using System.Security.Cryptography;
using PersonaTune.Privacy.Sealing;

namespace PersonaTune.Privacy.SecureAggregation;

/// <summary>
/// The keys that two devices share in one session, by HKDF-SHA256 from the raw agreement of their ephemeral keys, with the
/// session id as salt. Device ids have 16 bytes and are ordered bytewise. Thread-safe.
/// </summary>
public static class PairwiseKeys
{
    /// <summary>Bytes of a device id.</summary>
    public const int IdLength = 16;

    /// <summary>Bytes of a session id.</summary>
    public const int SessionIdLength = 32;

    /// <summary>
    /// The key of the mask between two devices: info = "PT-SA/1 mask" || smaller id || larger id, so both sides get the same,
    /// whichever order they name the ids in.
    /// </summary>
    /// <exception cref="InvalidPointException">The peer's key is no point of the curve.</exception>
    public static SecretKey MaskKey(
        EphemeralKey mine, ReadOnlySpan<byte> peerPublic, ReadOnlySpan<byte> sid, ReadOnlySpan<byte> idA, ReadOnlySpan<byte> idB)
    {
        using var peer = new PeerKey(peerPublic);
        return MaskKey(mine, peer, sid, idA, idB);
    }

    /// <summary>As the other overload, with a key that was imported before.</summary>
    public static SecretKey MaskKey(
        EphemeralKey mine, PeerKey peer, ReadOnlySpan<byte> sid, ReadOnlySpan<byte> idA, ReadOnlySpan<byte> idB) =>
        Sign(idA, idB) > 0 ? Derive("PT-SA/1 mask"u8, mine, peer, sid, idA, idB) : Derive("PT-SA/1 mask"u8, mine, peer, sid, idB, idA);

    /// <summary>
    /// The key of the box that <paramref name="idFrom"/> sends to <paramref name="idTo"/>: info = "PT-SA/1 box" || from || to.
    /// </summary>
    /// <exception cref="InvalidPointException">The peer's key is no point of the curve.</exception>
    public static SecretKey BoxKey(
        EphemeralKey mine, ReadOnlySpan<byte> peerPublic, ReadOnlySpan<byte> sid, ReadOnlySpan<byte> idFrom, ReadOnlySpan<byte> idTo)
    {
        _ = Sign(idFrom, idTo);
        using var peer = new PeerKey(peerPublic);
        return Derive("PT-SA/1 box"u8, mine, peer, sid, idFrom, idTo);
    }

    /// <summary>
    /// The sign with which device <paramref name="self"/> applies the mask it shares with <paramref name="peer"/>: 1 if the
    /// peer's id is larger, else -1.
    /// </summary>
    /// <exception cref="ArgumentException">An id does not have 16 bytes, or both are the same.</exception>
    public static sbyte Sign(ReadOnlySpan<byte> self, ReadOnlySpan<byte> peer)
    {
        CheckId(self, nameof(self));
        CheckId(peer, nameof(peer));
        var order = peer.SequenceCompareTo(self);
        if (order == 0) throw new ArgumentException("a device shares no key with itself", nameof(peer));
        return order > 0 ? (sbyte)1 : (sbyte)-1;
    }

    internal static void CheckId(ReadOnlySpan<byte> id, string name)
    {
        if (id.Length != IdLength) throw new ArgumentException($"a device id has {IdLength} bytes, got {id.Length}", name);
    }

    internal static void CheckSessionId(ReadOnlySpan<byte> sid)
    {
        if (sid.Length != SessionIdLength)
            throw new ArgumentException($"a session id has {SessionIdLength} bytes, got {sid.Length}", nameof(sid));
    }

    private static SecretKey Derive(
        ReadOnlySpan<byte> label, EphemeralKey mine, PeerKey peer, ReadOnlySpan<byte> sid,
        ReadOnlySpan<byte> first, ReadOnlySpan<byte> second)
    {
        ArgumentNullException.ThrowIfNull(mine);
        CheckSessionId(sid);
        Span<byte> info = stackalloc byte[label.Length + 2 * IdLength];
        label.CopyTo(info);
        first.CopyTo(info[label.Length..]);
        second.CopyTo(info[(label.Length + IdLength)..]);
        Span<byte> key = stackalloc byte[MaskStream.KeyLength];
        var agreement = mine.Agree(peer);
        try
        {
            KeyDerivation.Derive(agreement, sid, info, key);
            return SecretKey.Copy(key);
        }
        finally
        {
            CryptographicOperations.ZeroMemory(agreement);
            CryptographicOperations.ZeroMemory(key);
        }
    }
}
