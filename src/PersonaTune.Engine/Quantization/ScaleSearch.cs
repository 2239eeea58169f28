namespace PersonaTune.Engine.Quantization;

/// <summary>
/// Scales for a group of values that share one. Rounding and scale depend on each other, so several roundings are tried: for each
/// the scale is the least-squares solution, and the values are then rounded again to that scale. Plain sequential f32 arithmetic:
/// the result does not depend on the processor.
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

        var (best, bestError) = (0f, float.PositiveInfinity);
        for (var step = -Steps; step <= Steps; step++)
        {
            var inverse = -(limit + StepWidth * step) / extreme;
            if (!float.IsFinite(inverse)) return 0f;
            var (xq, qq) = (0f, 0f);
            foreach (var v in x)
            {
                var q = Math.Clamp((int)MathF.Round(v * inverse), -limit, limit - 1);
                xq += v * q;
                qq += q * q;
            }

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
        var inverse = Inverse(scale);
        var error = 0f;
        foreach (var v in x)
        {
            var difference = v - scale * Math.Clamp((int)MathF.Round(v * inverse), -limit, limit - 1);
            error += difference * difference;
        }

        return error;
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
        if (high == low) return (0f, asHalf ? (float)(Half)low : low);

        var (bestScale, bestOffset) = (0f, asHalf ? (float)(Half)low : low);
        var bestError = AffineError(x, limit, bestScale, bestOffset);
        for (var step = -Steps; step <= Steps; step++)
        {
            var inverse = (limit + StepWidth * step) / (high - low);
            if (!float.IsFinite(inverse)) break;
            var (qSum, qq, xq) = (0f, 0f, 0f);
            foreach (var v in x)
            {
                var q = Math.Clamp((int)MathF.Round((v - low) * inverse), 0, limit);
                qSum += q;
                qq += q * q;
                xq += v * q;
            }

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
        var inverse = Inverse(scale);
        var error = 0f;
        foreach (var v in x)
        {
            var difference = v - offset - scale * Math.Clamp((int)MathF.Round((v - offset) * inverse), 0, limit);
            error += difference * difference;
        }

        return error;
    }

    /// <summary>1 / scale, or 0 where that is not finite: the group is then all zero (or all offset).</summary>
    public static float Inverse(float scale)
    {
        var inverse = 1f / scale;
        return float.IsFinite(inverse) ? inverse : 0f;
    }
}
