using System.Runtime.CompilerServices;

namespace PersonaTune.Engine.Inference;

/// <summary>
/// Keys and values of a run of consecutive tokens for all blocks: (blocks, 2, heads, tokens, head length), keys before values, in
/// memory that does not move. A shared page belongs to several caches and is copied before one of them writes to it.
/// </summary>
internal sealed unsafe class KvPage
{
    private readonly byte[] _bytes;
    private volatile bool _shared;

    public KvPage(int bytes)
    {
        _bytes = GC.AllocateUninitializedArray<byte>(bytes + 64, pinned: true);
        var start = (nint)Unsafe.AsPointer(ref _bytes[0]);
        Data = (start + 63) & ~(nint)63; // whole cache lines
    }

    public nint Data { get; }

    public bool Shared => _shared;

    public void Share() => _shared = true;

    public void CopyFrom(KvPage source) =>
        new ReadOnlySpan<byte>((void*)source.Data, _bytes.Length - 64).CopyTo(new Span<byte>((void*)Data, _bytes.Length - 64));
}
