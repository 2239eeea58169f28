namespace PersonaTune.Privacy.SecureAggregation.Rounds;

/// <summary>
/// What a device must not forget when its process dies: which rounds it has seen and which one-time steps it has taken. Each call
/// returns only when the fact would survive a crash, and the protocol calls it before it sends what the fact is about. Nothing
/// secret is stored: a device that restarts has lost the round's keys, and this memory keeps it from starting the round again.
/// Implementations must be thread-safe.
/// </summary>
public interface IRoundMemory
{
    /// <summary>The number of the last round seen for <paramref name="task"/>, or 0.</summary>
    long LastRound(string task);

    /// <summary>
    /// Atomically records that <paramref name="round"/> of <paramref name="task"/> was seen, if it is greater than the last one; else
    /// changes nothing and gives false.
    /// </summary>
    bool TryBegin(string task, long round, SessionId session);

    /// <summary>
    /// Atomically records that <paramref name="taken"/> was taken in <paramref name="session"/> with content
    /// <paramref name="digest"/>; false if it was
    /// taken before, whatever the content.
    /// </summary>
    bool TryTake(SessionId session, OneTimeStep taken, ReadOnlySpan<byte> digest);
}
