namespace PersonaTune.Engine.Kernels;

/// <summary>What one parallel section of a <see cref="WorkerPool"/> runs; reused from section to section, so that none allocates.</summary>
internal abstract class WorkerSection
{
    private static int _types;

    /// <summary>Parts of the section that runs now.</summary>
    public int Parts { get; protected set; }

    /// <summary>Runs one part on the calling thread.</summary>
    public abstract void Invoke(int part);

    /// <summary>Drops state and body, so that the pool keeps nothing of its caller alive between sections.</summary>
    public abstract void Clear();

    /// <summary>A small number unique to the state type, the index of its slot in a pool.</summary>
    internal static class Slot<TState>
    {
        public static readonly int Index = Interlocked.Increment(ref _types) - 1;
    }
}
