namespace PersonaTune.Engine.Inference;

/// <summary>A pin on one <see cref="AdapterSnapshot"/>; disposing it (any number of times) lets go. Thread-safe.</summary>
public sealed class AdapterLease : IDisposable
{
    private int _disposed;

    internal AdapterLease(AdapterSnapshot snapshot) => Snapshot = snapshot;

    /// <summary>The pinned snapshot.</summary>
    public AdapterSnapshot Snapshot { get; }

    /// <summary>A second pin on the same snapshot, for a sequence that branches off this one.</summary>
    /// <exception cref="ObjectDisposedException">This lease has ended.</exception>
    public AdapterLease Duplicate()
    {
        ObjectDisposedException.ThrowIf(Volatile.Read(ref _disposed) != 0 || !Snapshot.TryPin(), this);
        return new AdapterLease(Snapshot);
    }

    /// <summary>Ends the pin.</summary>
    public void Dispose()
    {
        if (Interlocked.Exchange(ref _disposed, 1) == 0) Snapshot.Release();
    }
}
