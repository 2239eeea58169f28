using PersonaTune.Privacy.SecureAggregation.Rounds;

namespace PersonaTune.Privacy.SecureAggregation.Identity;

/// <summary>Checks the signatures of one party.</summary>
public interface IMessageVerifier
{
    /// <summary>The party's id.</summary>
    DeviceId Id { get; }

    /// <summary>Whether <paramref name="signature"/> (64 bytes) is the party's over <paramref name="digest"/>.</summary>
    bool Verify(ReadOnlySpan<byte> digest, ReadOnlySpan<byte> signature);
}
