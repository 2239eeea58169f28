using System.Runtime.InteropServices;

namespace PersonaTune.Engine.Quantization;

/// <summary>Types that store each element by itself: one float an element in, any length.</summary>
internal static class PlainDecoder
{
    public static void F32(ReadOnlySpan<byte> source, Span<float> values) => MemoryMarshal.Cast<byte, float>(source).CopyTo(values);

    public static void F16(ReadOnlySpan<byte> source, Span<float> values)
    {
        var halves = MemoryMarshal.Cast<byte, Half>(source);
        for (var i = 0; i < halves.Length; i++) values[i] = (float)halves[i];
    }

    public static void BF16(ReadOnlySpan<byte> source, Span<float> values)
    {
        var upper = MemoryMarshal.Cast<byte, ushort>(source);
        for (var i = 0; i < upper.Length; i++) values[i] = BitConverter.UInt32BitsToSingle((uint)upper[i] << 16);
    }
}
