using System.Runtime.CompilerServices;

namespace PersonaTune.Engine.Inference;

/// <summary>
/// Keys and values of a run of consecutive tokens for all blocks: (blocks, 2, heads, tokens, head length), keys before values, in
/// memory that does not move. A shared page belongs to several caches and is copied before one of them writes to it.
/// </summary>
internal sealed unsafe class KvPage
{
    // The array is reachable only from here and its address is used elsewhere.
    private readonly byte[] _memory;
    private volatile bool _shared;

    public KvPage(int bytes)
    {
        Bytes = bytes;
        _memory = GC.AllocateUninitializedArray<byte>(bytes + 64, pinned: true);
        var start = (nint)Unsafe.AsPointer(ref _memory[0]);
        Data = (start + 63) & ~(nint)63; // whole cache lines
    }

    public int Bytes { get; }

    public nint Data { get; }

    public bool Shared => _shared;

    public void Share() => _shared = true;

    public void CopyFrom(KvPage source)
    {
        new ReadOnlySpan<byte>((void*)source.Data, Bytes).CopyTo(new Span<byte>((void*)Data, Bytes));
        GC.KeepAlive(source._memory);
    }
}
