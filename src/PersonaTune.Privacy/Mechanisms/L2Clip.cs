using System.Numerics;

namespace PersonaTune.Privacy.Mechanisms;

/// <summary>Scales a vector down to an L2 norm of at most C: x min(1, C / |x|).</summary>
/// <remarks>
/// Guarantee: the exact real norm of the float vector that results never exceeds C, so that one contribution changes a sum by at most C
/// under adding or removing it, by at most 2 C under replacing it. A single multiplication in float leaves the norm above C in half of
/// all cases; here the norm is taken again, with an allowance for the rounding of its own sum, until it holds. Zero is a valid update.
/// Thread-safe.
/// </remarks>
public static class L2Clip
{
    /// <summary>The smallest bound accepted; far below it single coordinates would be denormal.</summary>
    public const double SmallestNorm = 1e-18;

    /// <summary>The largest bound accepted.</summary>
    public const double LargestNorm = 1e18;

    /// <summary>Clips <paramref name="update"/> in place.</summary>
    /// <param name="update">The vector.</param>
    /// <param name="norm">The bound C, <see cref="SmallestNorm"/> to <see cref="LargestNorm"/>.</param>
    /// <exception cref="NonFiniteUpdateException">A coordinate is NaN or infinite; the vector is unchanged.</exception>
    /// <exception cref="ArgumentOutOfRangeException">The bound lies outside its range.</exception>
    public static ClipResult Clip(Span<float> update, double norm)
    {
        if (!(norm is >= SmallestNorm and <= LargestNorm))
            throw new ArgumentOutOfRangeException(nameof(norm), norm,
                $"clip norm is {norm}, expected {SmallestNorm} to {LargestNorm}; choose a typical norm of an update");
        var before = Norm(update);
        if (IsWithin(before, update.Length, norm)) return new ClipResult(before, false);

        // Each pass takes at least one unit in the last place off every coordinate that is not denormal, so a few passes suffice.
        for (double current = before, margin = 0; !IsWithin(current, update.Length, norm); current = Norm(update))
        {
            Scale(update, Math.Min(1, norm / current) * (1 - margin));
            margin = margin == 0 ? Math.ScaleB(1, -23) : 2 * margin;
        }

        return new ClipResult(before, before > norm);
    }

    /// <summary>The L2 norm, summed in double.</summary>
    /// <param name="update">The vector.</param>
    /// <exception cref="NonFiniteUpdateException">A coordinate is NaN or infinite.</exception>
    public static double Norm(ReadOnlySpan<float> update)
    {
        Vector<double> low = default, high = default;
        var i = 0;
        for (; i <= update.Length - Vector<float>.Count; i += Vector<float>.Count)
        {
            Vector.Widen(new Vector<float>(update[i..]), out var a, out var b);
            low += a * a;
            high += b * b;
        }

        var sum = Vector.Sum(low + high);
        for (; i < update.Length; i++) sum += (double)update[i] * update[i];
        // The square of a float is finite in double, so only a coordinate that is not finite makes the sum so.
        if (!double.IsFinite(sum)) ThrowNonFinite(update);
        return Math.Sqrt(sum);
    }

    /// <summary>True if the exact norm is at most <paramref name="norm"/>, whatever the rounding of a double sum of squares did.</summary>
    private static bool IsWithin(double computed, int length, double norm)
    {
        var allowance = (length + 8) * Math.ScaleB(1, -53);
        return computed * (1 + allowance) <= norm;
    }

    private static void Scale(Span<float> update, double factor)
    {
        for (var i = 0; i < update.Length; i++) update[i] = (float)(update[i] * factor);
    }

    private static void ThrowNonFinite(ReadOnlySpan<float> update)
    {
        for (var i = 0; i < update.Length; i++)
            if (!float.IsFinite(update[i])) throw new NonFiniteUpdateException(i, update[i]);
    }
}
