using System.Collections.Concurrent;

namespace PersonaTune.Device.Federation;

/// <summary>Remembers as long as the object lives: for simulations and tests. Thread-safe.</summary>
public sealed class VolatileReleaseMemory : IReleaseMemory
{
    private readonly ConcurrentDictionary<string, int> _releases = new(StringComparer.Ordinal);

    /// <inheritdoc/>
    public int LastRelease(string task) => _releases.GetValueOrDefault(task);

    /// <inheritdoc/>
    public void Remember(string task, int number) => _releases.AddOrUpdate(task, number, (_, known) => Math.Max(known, number));
}
