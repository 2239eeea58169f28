namespace PersonaTune.Device.Imaging;

/// <summary>
/// The inverse 8 x 8 cosine transform in 32-bit integers with 13 fractional bits (Loeffler, Ligtenberg and Moschytz 1989): columns, then rows, at most one off an
/// exact computation.
/// </summary>
internal static class JpegTransform
{
    private const int Fraction = 13;
    private const int Extra = 2;

    /// <summary>Dequantizes a block and writes 8 x 8 samples, <paramref name="stride"/> apart.</summary>
    public static void Inverse(ReadOnlySpan<short> block, ReadOnlySpan<ushort> divisors, Span<byte> target, int stride)
    {
        Span<int> work = stackalloc int[64];
        for (var c = 0; c < 8; c++)
        {
            // Values beyond what any picture has would overflow; damaged files have them.
            int Value(ReadOnlySpan<short> b, ReadOnlySpan<ushort> d, int row) => Math.Clamp(b[row * 8 + c] * d[row * 8 + c], -32_768, 32_767);
            Half(Value(block, divisors, 0), Value(block, divisors, 1), Value(block, divisors, 2), Value(block, divisors, 3), Value(block, divisors, 4),
                Value(block, divisors, 5), Value(block, divisors, 6), Value(block, divisors, 7), work[c..], 8, Fraction - Extra, 0);
        }

        Span<int> row = stackalloc int[8];
        for (var r = 0; r < 8; r++)
        {
            var w = work.Slice(r * 8, 8);
            Half(w[0], w[1], w[2], w[3], w[4], w[5], w[6], w[7], row, 1, Fraction + Extra + 3, 128);
            for (var c = 0; c < 8; c++) target[r * stride + c] = (byte)Math.Clamp(row[c], 0, 255);
        }
    }

    private static void Half(int x0, int x1, int x2, int x3, int x4, int x5, int x6, int x7, Span<int> y, int step, int shift, int offset)
    {
        const long C0298 = 2446, C0390 = 3196, C0541 = 4433, C0765 = 6270, C0899 = 7373, C1175 = 9633, C1501 = 12299, C1847 = 15137, C1961 = 16069, C2053 = 16819, C2562 = 20995, C3072 = 25172;
        var z1 = (x2 + (long)x6) * C0541;
        var even2 = z1 - x6 * C1847;
        var even3 = z1 + x2 * C0765;
        var even0 = ((long)x0 + x4) << Fraction;
        var even1 = ((long)x0 - x4) << Fraction;
        var (a, d, b, c) = (even0 + even3, even0 - even3, even1 + even2, even1 - even2);

        long z4 = x7 + (long)x1, z2 = x5 + (long)x3, z3 = x7 + (long)x3, z5 = x5 + (long)x1;
        var both = (z3 + z5) * C1175;
        var (t0, t1, t2, t3) = (x7 * C0298, x5 * C2053, x3 * C3072, x1 * C1501);
        z4 *= -C0899;
        z2 *= -C2562;
        z3 = z3 * -C1961 + both;
        z5 = z5 * -C0390 + both;
        t0 += z4 + z3;
        t1 += z2 + z5;
        t2 += z2 + z3;
        t3 += z4 + z5;
        var round = 1L << (shift - 1);
        y[0] = (int)((a + t3 + round) >> shift) + offset;
        y[7 * step] = (int)((a - t3 + round) >> shift) + offset;
        y[step] = (int)((b + t2 + round) >> shift) + offset;
        y[6 * step] = (int)((b - t2 + round) >> shift) + offset;
        y[2 * step] = (int)((c + t1 + round) >> shift) + offset;
        y[5 * step] = (int)((c - t1 + round) >> shift) + offset;
        y[3 * step] = (int)((d + t0 + round) >> shift) + offset;
        y[4 * step] = (int)((d - t0 + round) >> shift) + offset;
    }
}
