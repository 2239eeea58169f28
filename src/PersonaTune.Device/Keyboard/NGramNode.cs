using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace PersonaTune.Device.Keyboard;

/// <summary>What followed one context: how often, and after how many different longer contexts.</summary>
internal sealed class NGramNode
{
    private readonly Dictionary<int, Count> _successors = [];
    private Bins _raw;
    private Bins _continued;

    internal record struct Count(int Raw, int Continuations);

    /// <summary>Occurrences of the context with any successor.</summary>
    public int Total { get; private set; }

    /// <summary>Sum of continuations over the successors.</summary>
    public int ContinuationTotal { get; private set; }

    /// <summary>Successors in no particular order.</summary>
    public Dictionary<int, Count> Successors => _successors;

    public Count this[int token] => _successors.GetValueOrDefault(token);

    /// <summary>Sum of the discounts of all successors.</summary>
    public double Discounted(KneserNeyDiscounts discounts, bool raw) => (raw ? _raw : _continued).Discounted(discounts);

    /// <summary>Changes the raw count by one; true where the successor came or went.</summary>
    public bool Add(int token, int change)
    {
        ref var count = ref CollectionsMarshal.GetValueRefOrAddDefault(_successors, token, out _);
        _raw.Move(count.Raw, count.Raw + change);
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
        if (Unsafe.IsNullRef(ref count)) return;
        _continued.Move(count.Continuations, count.Continuations + change);
        count.Continuations += change;
        ContinuationTotal += change;
    }

    /// <summary>How many successors were counted once, twice and more often, so that no estimate has to go through them.</summary>
    private struct Bins
    {
        private int _one;
        private int _two;
        private int _more;

        public readonly double Discounted(KneserNeyDiscounts discounts) =>
            _one * discounts.One + _two * discounts.Two + _more * discounts.ThreeOrMore;

        public void Move(int from, int to)
        {
            Add(from, -1);
            Add(to, 1);
        }

        private void Add(int count, int change)
        {
            if (count == 1) _one += change;
            else if (count == 2) _two += change;
            else if (count > 2) _more += change;
        }
    }
}
