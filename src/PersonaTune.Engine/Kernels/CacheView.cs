namespace PersonaTune.Engine.Kernels;

/// <summary>
/// Where one block's cached keys and values lie: page p holds positions [p * PageLength, (p + 1) * PageLength) as (heads, PageLength,
/// HeadLength) at a byte offset for keys and another for values. The memory is pinned by its owner.
/// </summary>
internal readonly unsafe struct CacheView(nint* pages, int keyOffset, int valueOffset, int pageLength, int heads, int headLength, bool halves)
{
    public int PageLength { get; } = pageLength;

    public int Heads { get; } = heads;

    public int HeadLength { get; } = headLength;

    /// <summary>Whether elements are 16-bit floats instead of 32-bit ones.</summary>
    public bool Halves { get; } = halves;

    /// <summary>Address of a head's key at a position; the rest of its page follows.</summary>
    public byte* Key(int head, int position) => Address(keyOffset, head, position);

    /// <summary>Address of a head's value at a position; the rest of its page follows.</summary>
    public byte* Value(int head, int position) => Address(valueOffset, head, position);

    private byte* Address(int offset, int head, int position) =>
        (byte*)pages[position / PageLength] + offset + ((long)head * PageLength + position % PageLength) * HeadLength * (Halves ? 2 : 4);
}
