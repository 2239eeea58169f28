using PersonaTune.Privacy.SecureAggregation.Rounds;

namespace PersonaTune.Privacy.SecureAggregation.Identity;

/// <summary>
/// Holds a party's long-term P-256 identity key and signs with it; a platform keystore can stand behind it, since only digests
/// go in. Implementations need not be thread-safe.
/// </summary>
public interface IMessageSigner
{
    /// <summary>The id that belongs to the key, see <see cref="DeviceId.Of"/>.</summary>
    DeviceId Id { get; }

    /// <summary>The certificate of the enrolment authority in DER; empty for a server, whose key devices pin.</summary>
    ReadOnlyMemory<byte> Certificate { get; }

    /// <summary>The ECDSA signature over a SHA-256 digest: r and s, 32 bytes each, big-endian.</summary>
    byte[] Sign(ReadOnlySpan<byte> digest);
}
