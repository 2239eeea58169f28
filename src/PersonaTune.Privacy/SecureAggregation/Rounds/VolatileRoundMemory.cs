namespace PersonaTune.Privacy.SecureAggregation.Rounds;

/// <summary>
/// A round memory that lasts as long as the object: for simulations and tests, where a device does not outlive its process.
/// </summary>
public sealed class VolatileRoundMemory : IRoundMemory
{
    private readonly Lock _lock = new();
    private readonly Dictionary<string, long> _rounds = new(StringComparer.Ordinal);
    private readonly HashSet<(SessionId, OneTimeStep)> _steps = [];

    /// <inheritdoc/>
    public long LastRound(string task)
    {
        lock (_lock) return _rounds.GetValueOrDefault(task);
    }

    /// <inheritdoc/>
    public bool TryBegin(string task, long round, SessionId session)
    {
        lock (_lock)
        {
            if (round <= _rounds.GetValueOrDefault(task)) return false;
            _rounds[task] = round;
            return true;
        }
    }

    /// <inheritdoc/>
    public bool TryTake(SessionId session, OneTimeStep taken, ReadOnlySpan<byte> digest)
    {
        lock (_lock) return _steps.Add((session, taken));
    }
}
