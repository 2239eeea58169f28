using System.Runtime.InteropServices;

namespace PersonaTune.Engine.Quantization;

/// <summary>
/// Super-blocks of 256 elements in the layouts that <see cref="SuperBlockDecoder"/> describes. Each group's scale is searched in f32
/// first; the super-block's scale follows from the largest, then each group tries the neighbours of its rounded scale (and minimum).
/// Spans hold whole blocks.
/// </summary>
internal static class SuperBlockEncoder
{
    public static void Q4_K(ReadOnlySpan<float> values, Span<byte> target)
    {
        Span<byte> q = stackalloc byte[256];
        for (var b = 0; b < values.Length / 256; b++)
        {
            var block = target.Slice(b * 144, 144);
            Groups32(values.Slice(b * 256, 256), 15, block, q);
            Nibbles(q, block[16..]);
        }
    }

    public static void Q5_K(ReadOnlySpan<float> values, Span<byte> target)
    {
        Span<byte> q = stackalloc byte[256];
        for (var b = 0; b < values.Length / 256; b++)
        {
            var block = target.Slice(b * 176, 176);
            Groups32(values.Slice(b * 256, 256), 31, block, q);
            var fifth = block.Slice(16, 32);
            fifth.Clear();
            for (var i = 0; i < 256; i++) fifth[i % 32] |= (byte)((q[i] >> 4) << (i / 32));
            Nibbles(q, block[48..]);
        }
    }

    public static void Q6_K(ReadOnlySpan<float> values, Span<byte> target)
    {
        Span<byte> q = stackalloc byte[256];
        for (var b = 0; b < values.Length / 256; b++)
        {
            var block = target.Slice(b * 210, 210);
            Groups16(values.Slice(b * 256, 256), block, q);
            for (var part = 0; part < 2; part++)
            {
                for (var i = 0; i < 32; i++)
                {
                    var (q0, q1, q2, q3) = (q[128 * part + i], q[128 * part + 32 + i], q[128 * part + 64 + i], q[128 * part + 96 + i]);
                    block[64 * part + i] = (byte)((q0 & 0x0F) | (q2 << 4));
                    block[64 * part + 32 + i] = (byte)((q1 & 0x0F) | (q3 << 4));
                    block[128 + 32 * part + i] = (byte)((q0 >> 4) | ((q1 >> 4) << 2) | ((q2 >> 4) << 4) | ((q3 >> 4) << 6));
                }
            }
        }
    }

    /// <summary>Eight groups of 32 with 6-bit scales and minima; writes the 16 header bytes and the integers.</summary>
    private static void Groups32(ReadOnlySpan<float> x, int limit, Span<byte> block, Span<byte> q)
    {
        Span<float> scales = stackalloc float[8];
        Span<float> minima = stackalloc float[8];
        var (largestScale, largestMinimum) = (0f, 0f);
        for (var g = 0; g < 8; g++)
        {
            var (scale, offset) = ScaleSearch.Affine(x.Slice(32 * g, 32), limit, negativeOffset: true, asHalf: false);
            (scales[g], minima[g]) = (scale, -offset);
            largestScale = Math.Max(largestScale, scale);
            largestMinimum = Math.Max(largestMinimum, -offset);
        }

        var d = WriteHalf(block, largestScale / 63f);
        var dmin = WriteHalf(block[2..], largestMinimum / 63f);
        var (inverse, inverseMinimum) = (ScaleSearch.Inverse(d), ScaleSearch.Inverse(dmin));
        Span<byte> six = stackalloc byte[16];
        for (var g = 0; g < 8; g++)
        {
            var group = x.Slice(32 * g, 32);
            var around = (int)MathF.Round(scales[g] * inverse);
            var aroundMinimum = (int)MathF.Round(minima[g] * inverseMinimum);
            var (bestScale, bestMinimum, bestError) = (0, 0, float.PositiveInfinity);
            for (var s = Math.Max(0, around - 1); s <= Math.Min(63, around + 1); s++)
            {
                for (var m = Math.Max(0, aroundMinimum - 1); m <= Math.Min(63, aroundMinimum + 1); m++)
                {
                    var error = ScaleSearch.AffineError(group, limit, d * s, -(dmin * m));
                    if (error < bestError) (bestScale, bestMinimum, bestError) = (s, m, error);
                }
            }

            (six[g], six[8 + g]) = ((byte)bestScale, (byte)bestMinimum);
            var (scale, offset) = (d * bestScale, -(dmin * bestMinimum));
            var reciprocal = ScaleSearch.Inverse(scale);
            for (var i = 0; i < 32; i++) q[32 * g + i] = (byte)Math.Clamp((int)MathF.Round((group[i] - offset) * reciprocal), 0, limit);
        }

        PackSixBits(six, block.Slice(4, 12));
    }

    /// <summary>Sixteen groups of 16 with signed 8-bit scales; writes the scales, d and the integers (offset by 32).</summary>
    private static void Groups16(ReadOnlySpan<float> x, Span<byte> block, Span<byte> q)
    {
        const int Limit = 32;
        Span<float> scales = stackalloc float[16];
        var extreme = 0f;
        for (var g = 0; g < 16; g++)
        {
            scales[g] = ScaleSearch.Symmetric(x.Slice(16 * g, 16), Limit, asHalf: false);
            if (MathF.Abs(scales[g]) > MathF.Abs(extreme)) extreme = scales[g];
        }

        // The extreme scale becomes -128, which has no positive counterpart.
        var d = WriteHalf(block[208..], extreme / -128f);
        var inverse = ScaleSearch.Inverse(d);
        for (var g = 0; g < 16; g++)
        {
            var group = x.Slice(16 * g, 16);
            var around = (int)Math.Clamp(MathF.Round(scales[g] * inverse), -128f, 127f);
            var (best, bestError) = (0, float.PositiveInfinity);
            for (var s = Math.Max(-128, around - 1); s <= Math.Min(127, around + 1); s++)
            {
                var error = ScaleSearch.SymmetricError(group, Limit, d * s);
                if (error < bestError) (best, bestError) = (s, error);
            }

            block[192 + g] = (byte)(sbyte)best;
            var reciprocal = ScaleSearch.Inverse(d * best);
            for (var i = 0; i < 16; i++) q[16 * g + i] = (byte)(Math.Clamp((int)MathF.Round(group[i] * reciprocal), -Limit, Limit - 1) + Limit);
        }
    }

    /// <summary>The inverse of <see cref="SuperBlockDecoder.Group"/> for all 8 groups: scales first, then minima.</summary>
    private static void PackSixBits(ReadOnlySpan<byte> six, Span<byte> packed)
    {
        for (var g = 0; g < 4; g++)
        {
            packed[g] = (byte)(six[g] | ((six[4 + g] >> 4) << 6));
            packed[4 + g] = (byte)(six[8 + g] | ((six[12 + g] >> 4) << 6));
            packed[8 + g] = (byte)((six[4 + g] & 0x0F) | (six[12 + g] << 4));
        }
    }

    /// <summary>Lower four bits: of each 64 elements, the first 32 into low halves and the others into high halves of 32 bytes.</summary>
    private static void Nibbles(ReadOnlySpan<byte> q, Span<byte> target)
    {
        for (var pair = 0; pair < 4; pair++)
            for (var i = 0; i < 32; i++)
                target[32 * pair + i] = (byte)((q[64 * pair + i] & 0x0F) | (q[64 * pair + 32 + i] << 4));
    }

    private static float WriteHalf(Span<byte> target, float value)
    {
        var half = (Half)value;
        MemoryMarshal.Write(target, half);
        return (float)half;
    }
}
