using System.Buffers.Binary;
using System.Security.Cryptography;

namespace PersonaTune.Privacy.SecureAggregation.Rounds;

/// <summary>
/// The identity of one attempt at one round: sid = SHA-256("PT-SA/1 sid" || cfg || serverNonce). Every message and every derived
/// key is bound to it, and through it to the whole configuration.
/// </summary>
public readonly record struct SessionId
{
    /// <summary>Bytes of a session id.</summary>
    public const int Length = PairwiseKeys.SessionIdLength;

    /// <summary>Bytes of the server's nonce.</summary>
    public const int NonceLength = 32;

    private readonly UInt128 _high;
    private readonly UInt128 _low;

    private SessionId(ReadOnlySpan<byte> bytes)
    {
        _high = BinaryPrimitives.ReadUInt128BigEndian(bytes);
        _low = BinaryPrimitives.ReadUInt128BigEndian(bytes[16..]);
    }

    /// <summary>The session of <paramref name="configuration"/> under a server nonce of 32 bytes that is never used again.</summary>
    public static SessionId Derive(RoundConfiguration configuration, ReadOnlySpan<byte> serverNonce)
    {
        ArgumentNullException.ThrowIfNull(configuration);
        if (serverNonce.Length != NonceLength)
            throw new ArgumentException($"a server nonce has {NonceLength} bytes, got {serverNonce.Length}", nameof(serverNonce));
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        hash.AppendData("PT-SA/1 sid"u8);
        hash.AppendData(configuration.Encode());
        hash.AppendData(serverNonce);
        return new SessionId(hash.GetHashAndReset());
    }

    /// <summary>The session that 32 bytes spell.</summary>
    public static SessionId Read(ReadOnlySpan<byte> bytes)
    {
        if (bytes.Length != Length) throw new ArgumentException($"a session id has {Length} bytes, got {bytes.Length}", nameof(bytes));
        return new SessionId(bytes);
    }

    /// <summary>The 32 bytes.</summary>
    public byte[] ToArray()
    {
        var bytes = new byte[Length];
        BinaryPrimitives.WriteUInt128BigEndian(bytes, _high);
        BinaryPrimitives.WriteUInt128BigEndian(bytes.AsSpan(16), _low);
        return bytes;
    }

    /// <summary>The bytes in hexadecimal.</summary>
    public override string ToString() => Convert.ToHexStringLower(ToArray());
}
