using PersonaTune.Device.Storage;
using PersonaTune.Privacy.Sealing;
using PersonaTune.Privacy.SecureAggregation.Rounds;

namespace PersonaTune.Device.Federation;

/// <summary>
/// What a device must not forget about federated rounds, in its sealed store: the last round and release of each task, and the one-time steps taken in the present session. A fact is
/// durable before the call that records it returns. It belongs to the device, not to a user: forgetting a user does not make a round repeatable. Thread-safe; calls wait for the
/// store, so do not make them on a thread that must not wait.
/// </summary>
public sealed class SealedFederationMemory : IRoundMemory, IReleaseMemory
{
    private const string Collection = "federation", Name = "memory", Subject = "federation memory";
    private const int MaximumTasks = 10_000;
    private readonly SealedStore _store;
    private readonly Lock _lock = new();
    private readonly SortedDictionary<string, TaskMemory> _tasks;

    private SealedFederationMemory(SealedStore store, SortedDictionary<string, TaskMemory> tasks) => (_store, _tasks) = (store, tasks);

    /// <summary>Opens the memory of a store, which stays the caller's to dispose. Use one instance a store.</summary>
    /// <exception cref="TamperedException">The record was altered.</exception>
    public static async Task<SealedFederationMemory> OpenAsync(SealedStore store, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(store);
        var blob = await store.Blobs.GetAsync(SealedStore.DeviceUser, Collection, Name, cancellationToken).ConfigureAwait(false);
        return new SealedFederationMemory(store, blob is null ? new SortedDictionary<string, TaskMemory>(StringComparer.Ordinal) : Read(blob.Content.Span));
    }

    /// <inheritdoc/>
    public long LastRound(string task)
    {
        lock (_lock) return _tasks.TryGetValue(task, out var memory) ? memory.Round : 0;
    }

    /// <inheritdoc/>
    public bool TryBegin(string task, long round, SessionId session)
    {
        lock (_lock)
        {
            var known = _tasks.GetValueOrDefault(task);
            if (known is not null && round <= known.Round) return false;
            // The steps of older sessions are forgotten: their round numbers can never be joined again.
            Save(task, new TaskMemory(round, session, [], known?.Release ?? 0));
            return true;
        }
    }

    /// <inheritdoc/>
    public bool TryTake(SessionId session, OneTimeStep taken, ReadOnlySpan<byte> digest)
    {
        lock (_lock)
        {
            foreach (var (task, memory) in _tasks)
            {
                if (memory.Session != session) continue;
                if (memory.Steps.Exists(step => step.Step == taken)) return false;
                Save(task, memory with { Steps = [.. memory.Steps, (taken, digest.ToArray())] });
                return true;
            }

            return false;
        }
    }

    /// <inheritdoc/>
    public int LastRelease(string task)
    {
        lock (_lock) return _tasks.TryGetValue(task, out var memory) ? memory.Release : 0;
    }

    /// <inheritdoc/>
    public void Remember(string task, int number)
    {
        lock (_lock)
        {
            var known = _tasks.GetValueOrDefault(task) ?? new TaskMemory(0, default, [], 0);
            if (number > known.Release) Save(task, known with { Release = number });
        }
    }

    // In memory only once it is in the store: a failed write leaves the old fact.
    private void Save(string task, TaskMemory memory)
    {
        var next = new SortedDictionary<string, TaskMemory>(_tasks, StringComparer.Ordinal) { [task] = memory };
        var content = Write(next);
        Task.Run(() => _store.Blobs.PutAsync(SealedStore.DeviceUser, Collection, Name, content)).GetAwaiter().GetResult();
        _tasks[task] = memory;
    }

    private static byte[] Write(SortedDictionary<string, TaskMemory> tasks)
    {
        using var writer = new SealWriter();
        writer.WriteByte(1);
        writer.WriteInt32(tasks.Count);
        foreach (var (task, memory) in tasks)
        {
            writer.WriteText(task);
            writer.WriteInt64(memory.Round);
            writer.WriteFixed(memory.Session.ToArray());
            writer.WriteInt32(memory.Release);
            writer.WriteInt32(memory.Steps.Count);
            foreach (var (step, digest) in memory.Steps)
            {
                writer.WriteByte((byte)step);
                writer.WriteField(digest);
            }
        }

        return writer.ToArray();
    }

    private static SortedDictionary<string, TaskMemory> Read(ReadOnlySpan<byte> content)
    {
        var reader = new SealReader(content, Subject);
        if (reader.ReadByte() is var version && version != 1) throw new TamperedException(Subject, $"its version is {version}, expected 1; update PersonaTune");
        var tasks = new SortedDictionary<string, TaskMemory>(StringComparer.Ordinal);
        var count = reader.ReadInt32();
        if (count is < 0 or > MaximumTasks) throw new TamperedException(Subject, $"it states {count} tasks");
        for (var i = 0; i < count; i++)
        {
            var (task, round, session, release, steps) = (reader.ReadText(), reader.ReadInt64(), SessionId.Read(reader.ReadFixed(SessionId.Length)), reader.ReadInt32(), reader.ReadInt32());
            var taken = new List<(OneTimeStep, byte[])>();
            for (var s = 0; s < steps; s++) taken.Add(((OneTimeStep)reader.ReadByte(), reader.ReadField().ToArray()));
            tasks[task] = new TaskMemory(round, session, taken, release);
        }

        reader.End();
        return tasks;
    }

    private sealed record TaskMemory(long Round, SessionId Session, List<(OneTimeStep Step, byte[] Digest)> Steps, int Release);
}
