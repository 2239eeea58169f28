using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace PersonaTune.Engine.Kernels;

/// <summary>
/// Rounds f32 to signed 8 bits in blocks of 32: scale = max |x| / 127, q = round to nearest even (x / scale). A block of zeros has
/// scale 0. The vector path and the scalar reference agree bit for bit.
/// </summary>
internal static unsafe class ActivationQuantizer
{
    /// <summary>Rows first..first + count of x (T, columns); columns beyond the last whole block of 32 are padded with zeros.</summary>
    public static void Rows(float* x, int columns, QuantizedActivations to, int first, int count)
    {
        var blocks = (columns + 31) / 32;
        var whole = columns / 32;
        sbyte* values = to.Values;
        float* scales = to.Scales, sums = to.Sums, halfSums = to.HalfSums;
        var edge = stackalloc float[32];
        for (var t = first; t < first + count; t++)
        {
            var row = x + (long)t * columns;
            var at = (long)t * blocks;
            for (var b = 0; b < whole; b++) Block(row + b * 32, values + (at + b) * 32, scales + at + b, sums + at + b, halfSums + 2 * (at + b));
            if (whole == blocks) continue;
            new Span<float>(edge, 32).Clear();
            for (var i = whole * 32; i < columns; i++) edge[i - whole * 32] = row[i];
            Block(edge, values + (at + whole) * 32, scales + at + whole, sums + at + whole, halfSums + 2 * (at + whole));
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Block(float* x, sbyte* values, float* scale, float* sum, float* halfSums)
    {
        if (Avx2.IsSupported) Block256(x, values, scale, sum, halfSums);
        else BlockScalar(x, values, scale, sum, halfSums);
    }

    /// <summary>The reference.</summary>
    internal static void BlockScalar(float* x, sbyte* values, float* scale, float* sum, float* halfSums)
    {
        var largest = 0f;
        for (var i = 0; i < 32; i++) largest = MathF.Max(largest, MathF.Abs(x[i]));
        var d = largest / 127f;
        var inverse = d > 0 ? 1f / d : 0f;
        if (!float.IsFinite(inverse)) (d, inverse) = (0, 0);
        *scale = d;
        var total = 0;
        for (var half = 0; half < 2; half++)
        {
            var part = 0;
            for (var i = half * 16; i < half * 16 + 16; i++)
            {
                var q = (int)MathF.Round(x[i] * inverse, MidpointRounding.ToEven);
                values[i] = (sbyte)q;
                part += q;
            }

            halfSums[half] = d * part;
            total += part;
        }

        *sum = d * total;
    }

    internal static void Block256(float* x, sbyte* values, float* scale, float* sum, float* halfSums)
    {
        Vector256<float> x0 = Vector256.Load(x), x1 = Vector256.Load(x + 8), x2 = Vector256.Load(x + 16), x3 = Vector256.Load(x + 24);
        var magnitude = Vector256.Max(
            Vector256.Max(Vector256.Abs(x0), Vector256.Abs(x1)), Vector256.Max(Vector256.Abs(x2), Vector256.Abs(x3)));
        var four = Vector128.Max(magnitude.GetLower(), magnitude.GetUpper());
        four = Vector128.Max(four, Vector128.Shuffle(four, Vector128.Create(2, 3, 0, 1)));
        var largest = MathF.Max(four[0], four[1]);
        var d = largest / 127f;
        var inverse = d > 0 ? 1f / d : 0f;
        if (!float.IsFinite(inverse)) (d, inverse) = (0, 0);
        *scale = d;
        var by = Vector256.Create(inverse);
        var i0 = Avx.ConvertToVector256Int32(x0 * by);
        var i1 = Avx.ConvertToVector256Int32(x1 * by);
        var i2 = Avx.ConvertToVector256Int32(x2 * by);
        var i3 = Avx.ConvertToVector256Int32(x3 * by);
        int low = Vector256.Sum(i0 + i1), high = Vector256.Sum(i2 + i3);
        halfSums[0] = d * low;
        halfSums[1] = d * high;
        *sum = d * (low + high);

        // The packs work within 128-bit lanes; the permutation restores the order.
        var words01 = Avx2.PackSignedSaturate(i0, i1);
        var words23 = Avx2.PackSignedSaturate(i2, i3);
        var bytes = Avx2.PackSignedSaturate(words01, words23);
        Avx2.PermuteVar8x32(bytes.AsInt32(), Vector256.Create(0, 4, 1, 5, 2, 6, 3, 7)).AsSByte().Store(values);
    }
}
