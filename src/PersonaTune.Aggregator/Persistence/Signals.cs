using System.Collections.Concurrent;

namespace PersonaTune.Aggregator.Persistence;

/// <summary>Wakes waiters of a channel within the process. Thread-safe.</summary>
internal sealed class Signals
{
    private readonly ConcurrentDictionary<string, TaskCompletionSource> _waiting = new(StringComparer.Ordinal);

    /// <summary>Completes at the next <see cref="Raise"/>. Take it before looking at the database, so that nothing is missed in between.</summary>
    public Task Next(string channel) =>
        _waiting.GetOrAdd(channel, _ => new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously)).Task;

    public void Raise(string channel)
    {
        if (_waiting.TryRemove(channel, out var source)) source.TrySetResult();
    }
}
