using System.Runtime.InteropServices;

namespace PersonaTune.Engine.Layers;

/// <summary>
/// One native allocation from which a training takes all its buffers, 64-byte aligned; nothing is returned singly. An arena without
/// capacity only counts: the same code that will allocate first says how much it needs. The memory is not cleared.
/// </summary>
internal sealed unsafe class Arena : IDisposable
{
    private const int AlignmentFloats = 16;
    private readonly long _capacity;
    private float* _memory;

    /// <summary>An arena that counts and gives pointers which must not be used.</summary>
    public Arena() => _capacity = -1;

    /// <summary>Allocates <paramref name="floats"/> floats.</summary>
    public Arena(long floats)
    {
        _capacity = floats;
        _memory = (float*)NativeMemory.AlignedAlloc(checked((nuint)Math.Max(1, floats) * sizeof(float)), AlignmentFloats * sizeof(float));
    }

    /// <summary>Floats taken so far, padding included.</summary>
    public long Used { get; private set; }

    /// <summary>Whether the arena only counts.</summary>
    public bool Measures => _capacity < 0;

    /// <summary>Takes a buffer of <paramref name="floats"/> floats.</summary>
    /// <exception cref="InvalidOperationException">The arena is full: the plan and the allocation disagree, which is a defect.</exception>
    public float* Take(long floats)
    {
        var start = Used;
        Used = checked(Used + (floats + AlignmentFloats - 1) / AlignmentFloats * AlignmentFloats);
        if (Measures) return null;
        ObjectDisposedException.ThrowIf(_memory is null, this);
        if (Used > _capacity) throw new InvalidOperationException($"the arena holds {_capacity} floats but {Used} are needed");
        return _memory + start;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        NativeMemory.AlignedFree(_memory);
        _memory = null;
    }
}
