using PersonaTune.Privacy.SecureAggregation.Rounds;

namespace PersonaTune.Privacy.SecureAggregation.TwoServers;

/// <summary>
/// What a helper must not forget: for which sets of reports it has given out mask sums. Implementations must be thread-safe.
/// </summary>
public interface IWindowMemory
{
    /// <summary>
    /// Atomically compares <paramref name="reports"/> (distinct, ascending, with Merkle root <paramref name="root"/>) with the
    /// sets recorded for
    /// <paramref name="session"/> and records it if it is new. Returns only when the record would survive a crash.
    /// </summary>
    WindowClaim Claim(SessionId session, ReadOnlySpan<byte> root, IReadOnlyList<DeviceId> reports);
}
