using System.Runtime.InteropServices;

namespace PersonaTune.Device.Keyboard;

/// <summary>What followed one context: how often, and after how many different longer contexts.</summary>
internal sealed class NGramNode
{
    private readonly Dictionary<int, Count> _successors = [];

    internal record struct Count(int Raw, int Continuations);

    /// <summary>Occurrences of the context with any successor.</summary>
    public int Total { get; private set; }

    /// <summary>Sum of continuations over the successors.</summary>
    public int ContinuationTotal { get; private set; }

    /// <summary>Different successors; every one of them has a raw count of at least one.</summary>
    public int Types => _successors.Count;

    /// <summary>Successors in no particular order.</summary>
    public Dictionary<int, Count> Successors => _successors;

    public Count this[int token] => _successors.GetValueOrDefault(token);

    /// <summary>Changes the raw count by one; true where the successor came or went.</summary>
    public bool Add(int token, int change)
    {
        ref var count = ref CollectionsMarshal.GetValueRefOrAddDefault(_successors, token, out _);
        count.Raw += change;
        Total += change;
        if (count.Raw > 0) return change > 0 && count.Raw == 1;
        _successors.Remove(token);
        return true;
    }

    /// <summary>Changes the number of longer contexts by one.</summary>
    public void AddContinuation(int token, int change)
    {
        ref var count = ref CollectionsMarshal.GetValueRefOrNullRef(_successors, token);
        if (System.Runtime.CompilerServices.Unsafe.IsNullRef(ref count)) return;
        count.Continuations += change;
        ContinuationTotal += change;
    }
}
