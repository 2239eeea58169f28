using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;

namespace PersonaTune.Engine.Quantization;

/// <summary>
/// Blocks of 32 elements. Layouts (bytes): Q8_0 = d:2 q:32; Q4_0 = d:2 q:16; Q4_1 = d:2 m:2 q:16; Q5_0 = d:2 h:4 q:16;
/// Q5_1 = d:2 m:2 h:4 q:16, with d and m as f16. Byte i of q holds element i in its low half and element 16 + i in its high half;
/// bit i of h is the fifth bit of element i. Spans hold whole blocks; the caller has checked their lengths.
/// </summary>
internal static class Block32Decoder
{
    private static Vector128<byte> Nibble => Vector128.Create((byte)0x0F);

    public static void Q8_0(ReadOnlySpan<byte> source, Span<float> values)
    {
        ref var from = ref MemoryMarshal.GetReference(source);
        ref var to = ref MemoryMarshal.GetReference(values);
        for (var count = values.Length / 32; count > 0; count--)
        {
            var d = Scale(ref from, 0);
            Widening.Store(Vector128.LoadUnsafe(ref from, 2).AsSByte(), d, ref to);
            Widening.Store(Vector128.LoadUnsafe(ref from, 18).AsSByte(), d, ref Unsafe.Add(ref to, 16));
            from = ref Unsafe.Add(ref from, 34);
            to = ref Unsafe.Add(ref to, 32);
        }
    }

    public static void Q4_0(ReadOnlySpan<byte> source, Span<float> values)
    {
        ref var from = ref MemoryMarshal.GetReference(source);
        ref var to = ref MemoryMarshal.GetReference(values);
        var eight = Vector128.Create((sbyte)8);
        for (var count = values.Length / 32; count > 0; count--)
        {
            var d = Scale(ref from, 0);
            var q = Vector128.LoadUnsafe(ref from, 2);
            Widening.Store((q & Nibble).AsSByte() - eight, d, ref to);
            Widening.Store((q >>> 4).AsSByte() - eight, d, ref Unsafe.Add(ref to, 16));
            from = ref Unsafe.Add(ref from, 18);
            to = ref Unsafe.Add(ref to, 32);
        }
    }

    public static void Q4_1(ReadOnlySpan<byte> source, Span<float> values)
    {
        ref var from = ref MemoryMarshal.GetReference(source);
        ref var to = ref MemoryMarshal.GetReference(values);
        for (var count = values.Length / 32; count > 0; count--)
        {
            var (d, m) = (Scale(ref from, 0), Scale(ref from, 2));
            var q = Vector128.LoadUnsafe(ref from, 4);
            Widening.Store((q & Nibble).AsSByte(), d, m, ref to);
            Widening.Store((q >>> 4).AsSByte(), d, m, ref Unsafe.Add(ref to, 16));
            from = ref Unsafe.Add(ref from, 20);
            to = ref Unsafe.Add(ref to, 32);
        }
    }

    public static void Q5_0(ReadOnlySpan<byte> source, Span<float> values)
    {
        ref var from = ref MemoryMarshal.GetReference(source);
        ref var to = ref MemoryMarshal.GetReference(values);
        var sixteen = Vector128.Create((sbyte)16);
        for (var count = values.Length / 32; count > 0; count--)
        {
            var d = Scale(ref from, 0);
            var high = Unsafe.ReadUnaligned<uint>(ref Unsafe.Add(ref from, 2));
            var q = Vector128.LoadUnsafe(ref from, 6);
            Widening.Store(((q & Nibble) | FifthBits(high)).AsSByte() - sixteen, d, ref to);
            Widening.Store(((q >>> 4) | FifthBits(high >> 16)).AsSByte() - sixteen, d, ref Unsafe.Add(ref to, 16));
            from = ref Unsafe.Add(ref from, 22);
            to = ref Unsafe.Add(ref to, 32);
        }
    }

    public static void Q5_1(ReadOnlySpan<byte> source, Span<float> values)
    {
        ref var from = ref MemoryMarshal.GetReference(source);
        ref var to = ref MemoryMarshal.GetReference(values);
        for (var count = values.Length / 32; count > 0; count--)
        {
            var (d, m) = (Scale(ref from, 0), Scale(ref from, 2));
            var high = Unsafe.ReadUnaligned<uint>(ref Unsafe.Add(ref from, 4));
            var q = Vector128.LoadUnsafe(ref from, 8);
            Widening.Store(((q & Nibble) | FifthBits(high)).AsSByte(), d, m, ref to);
            Widening.Store(((q >>> 4) | FifthBits(high >> 16)).AsSByte(), d, m, ref Unsafe.Add(ref to, 16));
            from = ref Unsafe.Add(ref from, 24);
            to = ref Unsafe.Add(ref to, 32);
        }
    }

    /// <summary>Byte i is 16 where bit i of the lower half word is set.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector128<byte> FifthBits(uint bits)
    {
        var spread = Vector128.Shuffle(Vector128.CreateScalar(bits).AsByte(), Vector128.Create((byte)0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 1, 1, 1, 1));
        var select = Vector128.Create(0x8040201008040201UL).AsByte();
        return Vector128.Equals(spread & select, select) & Vector128.Create((byte)16);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static float Scale(ref byte block, int offset) => HalfFloat.Read(ref Unsafe.Add(ref block, offset));
}
