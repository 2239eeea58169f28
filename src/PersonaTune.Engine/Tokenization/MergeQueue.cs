namespace PersonaTune.Engine.Tokenization;

/// <summary>
/// A doubly linked list of symbols with a queue of candidate pairs, best priority first and leftmost among equals. Candidates are never
/// withdrawn: the taker compares the payload with what stands there now.
/// </summary>
internal readonly struct MergeQueue
{
    /// <summary>Above this many symbols the queue beats scanning.</summary>
    public const int Threshold = 48;

    private readonly int[] _next;
    private readonly int[] _previous;
    private readonly PriorityQueue<(int At, long Payload), (double Priority, int At)> _queue;

    public MergeQueue(int count)
    {
        _next = new int[count];
        _previous = new int[count];
        for (var i = 0; i < count; i++) (_next[i], _previous[i]) = (i + 1 < count ? i + 1 : -1, i - 1);
        _queue = new PriorityQueue<(int, long), (double, int)>(count);
    }

    /// <summary>The symbol after this one, or -1.</summary>
    public int Next(int at) => _next[at];

    /// <summary>The symbol before this one, or -1.</summary>
    public int Previous(int at) => _previous[at];

    /// <summary>Proposes to merge a symbol with its successor; the lowest priority is taken first.</summary>
    public void Offer(int at, double priority, long payload) => _queue.Enqueue((at, payload), (priority, at));

    /// <summary>Takes the best candidate.</summary>
    public bool TryTake(out int at, out long payload)
    {
        var found = _queue.TryDequeue(out var item, out _);
        (at, payload) = item;
        return found;
    }

    /// <summary>Takes a symbol, never the first, out of the list.</summary>
    public void Remove(int at)
    {
        var (previous, next) = (_previous[at], _next[at]);
        _next[previous] = next;
        if (next >= 0) _previous[next] = previous;
        _next[at] = _previous[at] = -1;
    }
}
