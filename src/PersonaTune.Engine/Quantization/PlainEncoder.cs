using System.Runtime.InteropServices;

namespace PersonaTune.Engine.Quantization;

/// <summary>Types that store each element by itself; rounding is to the nearest, ties to even.</summary>
internal static class PlainEncoder
{
    public static void F32(ReadOnlySpan<float> values, Span<byte> target) => MemoryMarshal.AsBytes(values).CopyTo(target);

    public static void F16(ReadOnlySpan<float> values, Span<byte> target)
    {
        var halves = MemoryMarshal.Cast<byte, Half>(target);
        for (var i = 0; i < values.Length; i++) halves[i] = (Half)values[i];
    }

    public static void BF16(ReadOnlySpan<float> values, Span<byte> target)
    {
        var upper = MemoryMarshal.Cast<byte, ushort>(target);
        for (var i = 0; i < values.Length; i++)
        {
            var bits = BitConverter.SingleToUInt32Bits(values[i]);
            // Rounding could turn a NaN with low bits alone into infinity: keep it a (quiet) NaN.
            upper[i] = float.IsNaN(values[i]) ? (ushort)((bits >> 16) | 0x40) : (ushort)((bits + 0x7FFF + ((bits >> 16) & 1)) >> 16);
        }
    }
}
