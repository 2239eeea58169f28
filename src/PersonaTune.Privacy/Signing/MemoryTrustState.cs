using System.Collections.Concurrent;

namespace PersonaTune.Privacy.Signing;

/// <summary>A trust state that ends with the process: for tools that only inspect, and for tests. Thread-safe.</summary>
public sealed class MemoryTrustState : ITrustState
{
    private readonly ConcurrentDictionary<string, AcceptedVersion> _accepted = new(StringComparer.Ordinal);

    /// <inheritdoc/>
    public AcceptedVersion? Find(string adapterId) => _accepted.TryGetValue(adapterId, out var accepted) ? accepted : null;

    /// <inheritdoc/>
    public void Record(string adapterId, AcceptedVersion accepted) => _accepted[adapterId] = accepted;
}
