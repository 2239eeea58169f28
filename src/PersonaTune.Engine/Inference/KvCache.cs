using System.Runtime.CompilerServices;
using PersonaTune.Engine.Kernels;
using PersonaTune.Engine.Models;

namespace PersonaTune.Engine.Inference;

/// <summary>
/// The keys and values of one sequence. It grows a page of tokens at a time, can be cut back to any prefix, and can share the pages of a
/// prefix with other caches, which copy a page only when they write to it. Not thread-safe, but caches that share pages may be used on
/// different threads.
/// </summary>
public sealed class KvCache
{
    private readonly int _blocks;
    private readonly int _heads;
    private readonly int _headLength;
    private readonly int _elementBytes;
    private readonly int _pageBytes;
    private readonly SessionMemory? _memory;
    private readonly List<KvPage> _pages = [];
    private readonly List<KvPage> _spare = [];
    private nint[] _table = GC.AllocateArray<nint>(16, pinned: true);

    /// <summary>Creates an empty cache; <paramref name="pageLength"/> is the number of tokens by which it grows.</summary>
    public KvCache(DecoderConfig config, KvPrecision precision = KvPrecision.F32, int pageLength = 32)
        : this(config.BlockCount, config.KeyValueHeadCount, config.HeadLength, precision, pageLength, null)
    {
    }

    /// <summary>Creates an empty cache that takes its pages from, and on <see cref="Recycle"/> returns them to, a model's memory.</summary>
    internal KvCache(DecoderConfig config, KvPrecision precision, int pageLength, SessionMemory memory)
        : this(config.BlockCount, config.KeyValueHeadCount, config.HeadLength, precision, pageLength, memory)
    {
    }

    private KvCache(int blocks, int heads, int headLength, KvPrecision precision, int pageLength, SessionMemory? memory)
    {
        _memory = memory;
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(pageLength);
        (_blocks, _heads, _headLength) = (blocks, heads, headLength);
        Precision = precision;
        PageLength = pageLength;
        _elementBytes = precision == KvPrecision.F16 ? 2 : 4;
        _pageBytes = checked(_blocks * 2 * _heads * pageLength * _headLength * _elementBytes);
    }

    /// <summary>Storage type of keys and values.</summary>
    public KvPrecision Precision { get; }

    /// <summary>Tokens of a page.</summary>
    public int PageLength { get; }

    /// <summary>Tokens cached.</summary>
    public int Length { get; private set; }

    /// <summary>Tokens that fit without growing.</summary>
    public int Capacity => _pages.Count * PageLength;

    /// <summary>Bytes of all pages, shared and spare ones included.</summary>
    public long MemoryBytes => (long)(_pages.Count + _spare.Count) * _pageBytes;

    /// <summary>Forgets every token from <paramref name="length"/> on; the pages stay for reuse.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The cache holds fewer tokens.</exception>
    public void Truncate(int length)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(length);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(length, Length);
        Length = length;
    }

    /// <summary>Makes room for <paramref name="tokens"/> in all, so that reaching them allocates nothing.</summary>
    public void Reserve(int tokens)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(tokens);
        while (Capacity < tokens) Add(TakeSpare());
    }

    /// <summary>Replaces the content by the first <paramref name="length"/> tokens of another cache, whose full pages are then shared.</summary>
    /// <exception cref="ArgumentException">The other cache has another shape, precision or page length.</exception>
    /// <exception cref="ArgumentOutOfRangeException">The other cache holds fewer tokens.</exception>
    public void CopyFrom(KvCache source, int length)
    {
        ArgumentNullException.ThrowIfNull(source);
        ArgumentOutOfRangeException.ThrowIfNegative(length);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(length, source.Length);
        if (ReferenceEquals(source, this))
        {
            Truncate(length);
            return;
        }

        if (source.Precision != Precision || source.PageLength != PageLength || source._blocks != _blocks || source._heads != _heads
            || source._headLength != _headLength)
        {
            throw new ArgumentException("caches that share pages need the same model shape, precision and page length", nameof(source));
        }

        foreach (var page in _pages)
            if (!page.Shared) _spare.Add(page);
        _pages.Clear();
        var whole = length / PageLength;
        for (var i = 0; i < whole; i++)
        {
            source._pages[i].Share();
            Add(source._pages[i]);
        }

        if (whole * PageLength < length)
        {
            // Both sides write to a page that is not full next: sharing it would only make each of them copy it then.
            var last = TakeSpare();
            last.CopyFrom(source._pages[whole]);
            Add(last);
        }

        Length = length;
    }

    /// <summary>A cache with the same content; pages are shared until one side writes to them.</summary>
    public KvCache Fork()
    {
        var fork = new KvCache(_blocks, _heads, _headLength, Precision, PageLength, _memory);
        fork.CopyFrom(this, Length);
        return fork;
    }

    /// <summary>Makes tokens [Length, Length + count) writable.</summary>
    internal void Prepare(int count)
    {
        Reserve(checked(Length + count));
        for (var i = Length / PageLength; i * PageLength < Length + count; i++)
        {
            if (!_pages[i].Shared) continue;
            var copy = TakeSpare();
            if (i * PageLength < Length) copy.CopyFrom(_pages[i]);
            _pages[i] = copy;
            _table[i] = copy.Data;
        }
    }

    /// <summary>Stores keys and values (tokens, heads x head length) of a block at a position that <see cref="Prepare"/> made writable.</summary>
    internal void Store(int block, int position, ReadOnlySpan<float> keys, ReadOnlySpan<float> values, int tokens) =>
        CachedAttention.Store(View(block), position, keys, values, tokens);

    /// <summary>Counts <paramref name="tokens"/> stored tokens in.</summary>
    internal void Advance(int tokens) => Length += tokens;

    /// <summary>Where a block's keys and values lie.</summary>
    internal unsafe CacheView View(int block)
    {
        var side = _heads * PageLength * _headLength * _elementBytes;
        return new CacheView((nint*)Unsafe.AsPointer(ref _table[0]), 2 * block * side, (2 * block + 1) * side,
            PageLength, _heads, _headLength, Precision == KvPrecision.F16);
    }

    /// <summary>Gives the pages back; the cache is empty and must not be used on another thread meanwhile.</summary>
    internal void Recycle()
    {
        _memory?.Return(_pages);
        _memory?.Return(_spare);
        _pages.Clear();
        _spare.Clear();
        Length = 0;
    }

    private KvPage TakeSpare()
    {
        if (_spare.Count == 0) return _memory?.RentPage(_pageBytes) ?? new KvPage(_pageBytes);
        var page = _spare[^1];
        _spare.RemoveAt(_spare.Count - 1);
        return page;
    }

    private void Add(KvPage page)
    {
        if (_pages.Count == _table.Length)
        {
            var larger = GC.AllocateArray<nint>(_table.Length * 2, pinned: true);
            _table.CopyTo(larger, 0);
            _table = larger;
        }

        _table[_pages.Count] = page.Data;
        _pages.Add(page);
    }
}
