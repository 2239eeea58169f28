using System.Runtime.InteropServices;

namespace PersonaTune.Engine.Quantization;

/// <summary>Blocks of 32 elements in the layouts that <see cref="Block32Decoder"/> describes. Spans hold whole blocks.</summary>
internal static class Block32Encoder
{
    public static void Q8_0(ReadOnlySpan<float> values, Span<byte> target)
    {
        for (var b = 0; b < values.Length / 32; b++)
        {
            var x = values.Slice(b * 32, 32);
            var block = target.Slice(b * 34, 34);
            var largest = 0f;
            foreach (var v in x) largest = Math.Max(largest, MathF.Abs(v));
            // 8 bits leave nothing for a search to gain; what counts is to round to the scale as stored.
            var scale = WriteHalf(block, largest / 127f);
            var inverse = ScaleSearch.Inverse(scale);
            for (var i = 0; i < 32; i++) block[2 + i] = (byte)(sbyte)Math.Clamp((int)MathF.Round(x[i] * inverse), -127, 127);
        }
    }

    public static void Q4_0(ReadOnlySpan<float> values, Span<byte> target) => Symmetric(values, target, limit: 8, blockBytes: 18);

    public static void Q5_0(ReadOnlySpan<float> values, Span<byte> target) => Symmetric(values, target, limit: 16, blockBytes: 22);

    public static void Q4_1(ReadOnlySpan<float> values, Span<byte> target) => Affine(values, target, limit: 15, blockBytes: 20);

    public static void Q5_1(ReadOnlySpan<float> values, Span<byte> target) => Affine(values, target, limit: 31, blockBytes: 24);

    private static void Symmetric(ReadOnlySpan<float> values, Span<byte> target, int limit, int blockBytes)
    {
        Span<byte> q = stackalloc byte[32];
        for (var b = 0; b < values.Length / 32; b++)
        {
            var x = values.Slice(b * 32, 32);
            var block = target.Slice(b * blockBytes, blockBytes);
            var scale = WriteHalf(block, ScaleSearch.Symmetric(x, limit, asHalf: true));
            var inverse = ScaleSearch.Inverse(scale);
            for (var i = 0; i < 32; i++) q[i] = (byte)(Math.Clamp((int)MathF.Round(x[i] * inverse), -limit, limit - 1) + limit);
            Pack(q, block[2..]);
        }
    }

    private static void Affine(ReadOnlySpan<float> values, Span<byte> target, int limit, int blockBytes)
    {
        Span<byte> q = stackalloc byte[32];
        for (var b = 0; b < values.Length / 32; b++)
        {
            var x = values.Slice(b * 32, 32);
            var block = target.Slice(b * blockBytes, blockBytes);
            var (scale, offset) = ScaleSearch.Affine(x, limit, negativeOffset: false, asHalf: true);
            scale = WriteHalf(block, scale);
            offset = WriteHalf(block[2..], offset);
            var inverse = ScaleSearch.Inverse(scale);
            for (var i = 0; i < 32; i++) q[i] = (byte)Math.Clamp((int)MathF.Round((x[i] - offset) * inverse), 0, limit);
            Pack(q, block[4..]);
        }
    }

    /// <summary>Packs 4-bit values into 16 bytes; 5-bit values (when there is room for them) into the 4 bytes of fifth bits and 16 bytes.</summary>
    private static void Pack(ReadOnlySpan<byte> q, Span<byte> target)
    {
        if (target.Length == 20)
        {
            var fifth = 0u;
            for (var i = 0; i < 32; i++) fifth |= (uint)(q[i] >> 4) << i;
            MemoryMarshal.Write(target, fifth);
            target = target[4..];
        }

        for (var i = 0; i < 16; i++) target[i] = (byte)((q[i] & 0x0F) | (q[16 + i] << 4));
    }

    private static float WriteHalf(Span<byte> target, float value)
    {
        var half = (Half)value;
        MemoryMarshal.Write(target, half);
        return (float)half;
    }
}
