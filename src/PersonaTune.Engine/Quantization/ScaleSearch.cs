using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;

namespace PersonaTune.Engine.Quantization;

/// <summary>
/// Scales for a group of values that share one. Rounding and scale depend on each other, so several roundings are tried: for each
/// the scale is the least-squares solution, and the values are then rounded again to that scale. Groups hold a multiple of 8 values.
/// Sums run in 8 fixed lanes without fused operations, whatever the processor's width, so that the result is the same everywhere.
/// </summary>
internal static class ScaleSearch
{
    private const int Steps = 9;
    private const float StepWidth = 0.1f;

    /// <summary>
    /// The scale s for x ≈ s q with integers q in [-limit, limit - 1]; s may be negative, so that the longer side serves the largest
    /// magnitude. With <paramref name="asHalf"/> the scale is one that f16 can hold.
    /// </summary>
    public static float Symmetric(ReadOnlySpan<float> x, int limit, bool asHalf)
    {
        var extreme = 0f;
        foreach (var v in x)
            if (MathF.Abs(v) > MathF.Abs(extreme)) extreme = v;
        if (extreme == 0f) return 0f;

        var (low, high) = (Vector256.Create((float)-limit), Vector256.Create(limit - 1f));
        var (best, bestError) = (0f, float.PositiveInfinity);
        for (var step = -Steps; step <= Steps; step++)
        {
            var inverse = -(limit + StepWidth * step) / extreme;
            if (!float.IsFinite(inverse)) return 0f;
            var (xqSum, qqSum) = (Vector256<float>.Zero, Vector256<float>.Zero);
            for (var i = 0; i < x.Length; i += 8)
            {
                var v = Load(x, i);
                var q = Rounded(v * inverse, low, high);
                xqSum += v * q;
                qqSum += q * q;
            }

            var (xq, qq) = (Sum(xqSum), Sum(qqSum));
            if (qq == 0f) continue;
            var scale = asHalf ? (float)(Half)(xq / qq) : xq / qq;
            var error = SymmetricError(x, limit, scale);
            if (error < bestError) (best, bestError) = (scale, error);
        }

        return best;
    }

    /// <summary>Squared error of x rounded to s q, q in [-limit, limit - 1].</summary>
    public static float SymmetricError(ReadOnlySpan<float> x, int limit, float scale)
    {
        var (low, high) = (Vector256.Create((float)-limit), Vector256.Create(limit - 1f));
        var inverse = Inverse(scale);
        var error = Vector256<float>.Zero;
        for (var i = 0; i < x.Length; i += 8)
        {
            var v = Load(x, i);
            var difference = v - Rounded(v * inverse, low, high) * scale;
            error += difference * difference;
        }

        return Sum(error);
    }

    /// <summary>
    /// Scale and offset for x ≈ s q + o with integers q in [0, limit] and s at least 0. With <paramref name="negativeOffset"/> o is at
    /// most 0, as the super-blocks store it. With <paramref name="asHalf"/> both are numbers that f16 can hold.
    /// </summary>
    public static (float Scale, float Offset) Affine(ReadOnlySpan<float> x, int limit, bool negativeOffset, bool asHalf)
    {
        var (low, high, sum) = (x[0], x[0], 0f);
        foreach (var v in x)
        {
            low = Math.Min(low, v);
            high = Math.Max(high, v);
            sum += v;
        }

        if (negativeOffset) low = Math.Min(low, 0f);
        var (bestScale, bestOffset) = (0f, asHalf ? (float)(Half)low : low);
        if (high == low) return (bestScale, bestOffset);

        var top = Vector256.Create((float)limit);
        var bestError = AffineError(x, limit, bestScale, bestOffset);
        for (var step = -Steps; step <= Steps; step++)
        {
            var inverse = (limit + StepWidth * step) / (high - low);
            if (!float.IsFinite(inverse)) break;
            var (qSums, qqSums, xqSums) = (Vector256<float>.Zero, Vector256<float>.Zero, Vector256<float>.Zero);
            for (var i = 0; i < x.Length; i += 8)
            {
                var v = Load(x, i);
                var q = Rounded((v - Vector256.Create(low)) * inverse, Vector256<float>.Zero, top);
                qSums += q;
                qqSums += q * q;
                xqSums += v * q;
            }

            var (qSum, qq, xq) = (Sum(qSums), Sum(qqSums), Sum(xqSums));
            var determinant = x.Length * qq - qSum * qSum;
            var (scale, offset) = determinant > 0f
                ? ((x.Length * xq - sum * qSum) / determinant, (qq * sum - qSum * xq) / determinant)
                : (0f, float.PositiveInfinity);
            if (negativeOffset && offset > 0f) (scale, offset) = (xq / qq, 0f);
            if (!(scale > 0f) || !float.IsFinite(offset)) continue;
            if (asHalf) (scale, offset) = ((float)(Half)scale, (float)(Half)offset);
            var error = AffineError(x, limit, scale, offset);
            if (error < bestError) (bestScale, bestOffset, bestError) = (scale, offset, error);
        }

        return (bestScale, bestOffset);
    }

    /// <summary>Squared error of x rounded to s q + o, q in [0, limit].</summary>
    public static float AffineError(ReadOnlySpan<float> x, int limit, float scale, float offset)
    {
        var (top, shift) = (Vector256.Create((float)limit), Vector256.Create(offset));
        var inverse = Inverse(scale);
        var error = Vector256<float>.Zero;
        for (var i = 0; i < x.Length; i += 8)
        {
            var v = Load(x, i) - shift;
            var difference = v - Rounded(v * inverse, Vector256<float>.Zero, top) * scale;
            error += difference * difference;
        }

        return Sum(error);
    }

    /// <summary>1 / scale, or 0 where that is not finite: the group is then all zero (or all offset).</summary>
    public static float Inverse(float scale)
    {
        var inverse = 1f / scale;
        return float.IsFinite(inverse) ? inverse : 0f;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<float> Load(ReadOnlySpan<float> x, int index) =>
        Vector256.LoadUnsafe(ref MemoryMarshal.GetReference(x), (nuint)index);

    /// <summary>Ties to even, as MathF.Round; no operand is NaN here.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<float> Rounded(Vector256<float> v, Vector256<float> low, Vector256<float> high) =>
        Vector256.MinNative(Vector256.MaxNative(Vector256.Round(v), low), high);

    /// <summary>In an order of our own, because the library's is not promised.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static float Sum(Vector256<float> v)
    {
        var four = v.GetLower() + v.GetUpper();
        return (four.GetElement(0) + four.GetElement(2)) + (four.GetElement(1) + four.GetElement(3));
    }
}
