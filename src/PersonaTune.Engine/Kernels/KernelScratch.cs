using System.Runtime.CompilerServices;

namespace PersonaTune.Engine.Kernels;

/// <summary>
/// Per-thread working memory of the kernels: pinned, aligned to a cache line, grown to the largest request and then kept, so that
/// steady use allocates nothing. A request invalidates what an earlier request of the same thread returned.
/// </summary>
internal static unsafe class KernelScratch
{
    private const int Alignment = 64;

    [ThreadStatic]
    private static byte[]? _memory;

    /// <summary>At least <paramref name="bytes"/> uninitialized bytes, aligned to 64.</summary>
    public static byte* Bytes(int bytes)
    {
        var memory = _memory;
        if (memory is null || memory.Length < bytes + Alignment)
            _memory = memory = GC.AllocateUninitializedArray<byte>(checked(bytes + Alignment), pinned: true);
        var start = (nint)Unsafe.AsPointer(ref memory[0]);
        return (byte*)((start + Alignment - 1) & ~(nint)(Alignment - 1));
    }

    /// <summary>At least <paramref name="count"/> uninitialized floats, aligned to 64 bytes.</summary>
    public static float* Floats(int count) => (float*)Bytes(checked(count * sizeof(float)));
}
