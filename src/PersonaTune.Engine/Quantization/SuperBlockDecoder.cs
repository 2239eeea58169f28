using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;

namespace PersonaTune.Engine.Quantization;

/// <summary>
/// Super-blocks of 256 elements. Layouts (bytes): Q4_K = d:2 dmin:2 s:12 q:128; Q5_K = d:2 dmin:2 s:12 h:32 q:128;
/// Q6_K = q:128 h:64 s:16 d:2. Q4_K and Q5_K split into 8 groups of 32, each q * (d * scale) - dmin * minimum with 6-bit scale
/// and minimum packed in s; Q6_K into 16 groups of 16, each (q - 32) * (d * scale) with signed 8-bit scales.
/// Spans hold whole blocks; the caller has checked their lengths.
/// </summary>
internal static class SuperBlockDecoder
{
    private static Vector128<byte> Nibble => Vector128.Create((byte)0x0F);

    public static void Q4_K(ReadOnlySpan<byte> source, Span<float> values)
    {
        ref var from = ref MemoryMarshal.GetReference(source);
        ref var to = ref MemoryMarshal.GetReference(values);
        for (var count = values.Length / 256; count > 0; count--)
        {
            var (d, dmin) = (Scale(ref from, 0), Scale(ref from, 2));
            ref var s = ref Unsafe.Add(ref from, 4);
            for (var pair = 0; pair < 4; pair++)
            {
                Group(ref s, 2 * pair, out var scale, out var minimum);
                var (low, lowOffset) = (d * scale, -(dmin * minimum));
                Group(ref s, 2 * pair + 1, out scale, out minimum);
                var (high, highOffset) = (d * scale, -(dmin * minimum));
                for (var half = 0; half < 32; half += 16)
                {
                    var q = Vector128.LoadUnsafe(ref from, (nuint)(16 + 32 * pair + half));
                    Widening.Store((q & Nibble).AsSByte(), low, lowOffset, ref Unsafe.Add(ref to, 64 * pair + half));
                    Widening.Store((q >>> 4).AsSByte(), high, highOffset, ref Unsafe.Add(ref to, 64 * pair + 32 + half));
                }
            }

            from = ref Unsafe.Add(ref from, 144);
            to = ref Unsafe.Add(ref to, 256);
        }
    }

    public static void Q5_K(ReadOnlySpan<byte> source, Span<float> values)
    {
        ref var from = ref MemoryMarshal.GetReference(source);
        ref var to = ref MemoryMarshal.GetReference(values);
        var one = Vector128<byte>.One;
        for (var count = values.Length / 256; count > 0; count--)
        {
            var (d, dmin) = (Scale(ref from, 0), Scale(ref from, 2));
            ref var s = ref Unsafe.Add(ref from, 4);
            for (var pair = 0; pair < 4; pair++)
            {
                Group(ref s, 2 * pair, out var scale, out var minimum);
                var (low, lowOffset) = (d * scale, -(dmin * minimum));
                Group(ref s, 2 * pair + 1, out scale, out minimum);
                var (high, highOffset) = (d * scale, -(dmin * minimum));
                for (var half = 0; half < 32; half += 16)
                {
                    var bits = Vector128.LoadUnsafe(ref from, (nuint)(16 + half)) >>> (2 * pair);
                    var q = Vector128.LoadUnsafe(ref from, (nuint)(48 + 32 * pair + half));
                    var fifthLow = (bits & one) << 4;
                    var fifthHigh = ((bits >>> 1) & one) << 4;
                    Widening.Store(((q & Nibble) | fifthLow).AsSByte(), low, lowOffset, ref Unsafe.Add(ref to, 64 * pair + half));
                    Widening.Store(((q >>> 4) | fifthHigh).AsSByte(), high, highOffset, ref Unsafe.Add(ref to, 64 * pair + 32 + half));
                }
            }

            from = ref Unsafe.Add(ref from, 176);
            to = ref Unsafe.Add(ref to, 256);
        }
    }

    public static void Q6_K(ReadOnlySpan<byte> source, Span<float> values)
    {
        ref var from = ref MemoryMarshal.GetReference(source);
        ref var to = ref MemoryMarshal.GetReference(values);
        var (two, bias) = (Vector128.Create((byte)3), Vector128.Create((sbyte)32));
        for (var count = values.Length / 256; count > 0; count--)
        {
            var d = Scale(ref from, 208);
            for (var part = 0; part < 2; part++)
            {
                for (var half = 0; half < 2; half++)
                {
                    var bits = Vector128.LoadUnsafe(ref from, (nuint)(128 + 32 * part + 16 * half));
                    var first = Vector128.LoadUnsafe(ref from, (nuint)(64 * part + 16 * half));
                    var second = Vector128.LoadUnsafe(ref from, (nuint)(64 * part + 32 + 16 * half));
                    ref var s = ref Unsafe.Add(ref from, 192 + 8 * part + half);
                    ref var target = ref Unsafe.Add(ref to, 128 * part + 16 * half);
                    Widening.Store(((first & Nibble) | ((bits & two) << 4)).AsSByte() - bias, d * (sbyte)s, ref target);
                    Widening.Store(((second & Nibble) | (((bits >>> 2) & two) << 4)).AsSByte() - bias, d * (sbyte)Unsafe.Add(ref s, 2), ref Unsafe.Add(ref target, 32));
                    Widening.Store(((first >>> 4) | (((bits >>> 4) & two) << 4)).AsSByte() - bias, d * (sbyte)Unsafe.Add(ref s, 4), ref Unsafe.Add(ref target, 64));
                    Widening.Store(((second >>> 4) | ((bits >>> 6) << 4)).AsSByte() - bias, d * (sbyte)Unsafe.Add(ref s, 6), ref Unsafe.Add(ref target, 96));
                }
            }

            from = ref Unsafe.Add(ref from, 210);
            to = ref Unsafe.Add(ref to, 256);
        }
    }

    /// <summary>
    /// The 6-bit scale and minimum of one of 8 groups. Bytes 0..3 hold the scales of groups 0..3 and bytes 4..7 their minima; their
    /// two upper bits are the upper bits of groups 4..7, whose lower four bits share bytes 8..11 (scale low, minimum high).
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static void Group(ref byte packed, int group, out byte scale, out byte minimum)
    {
        if (group < 4)
        {
            scale = (byte)(Unsafe.Add(ref packed, group) & 63);
            minimum = (byte)(Unsafe.Add(ref packed, group + 4) & 63);
        }
        else
        {
            var lower = Unsafe.Add(ref packed, group + 4);
            scale = (byte)((lower & 0x0F) | ((Unsafe.Add(ref packed, group - 4) >> 6) << 4));
            minimum = (byte)((lower >> 4) | ((Unsafe.Add(ref packed, group) >> 6) << 4));
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static float Scale(ref byte block, int offset) => HalfFloat.Read(ref Unsafe.Add(ref block, offset));
}
