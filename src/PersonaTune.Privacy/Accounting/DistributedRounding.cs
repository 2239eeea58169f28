namespace PersonaTune.Privacy.Accounting;

/// <summary>Norm bounds of a vector after its coordinates are rounded stochastically to integers.</summary>
public static class DistributedRounding
{
    /// <summary>
    /// L2 bound: c + sqrt(d), or with conditional rounding, if smaller,
    /// sqrt(c^2 + d / 4 + sqrt(2 log(1 / beta)) (c + sqrt(d) / 2)) (Kairouz, Liu and Steinke 2021, theorem 1).
    /// </summary>
    /// <param name="l2Norm">Bound c on the L2 norm of the scaled vector before rounding, above 0.</param>
    /// <param name="dimension">Number d of coordinates, 1 or more.</param>
    /// <param name="beta">Bias allowed to conditional rounding, 0 to below 1; 0 rounds once and takes the worst case.</param>
    public static double L2Bound(double l2Norm, int dimension, double beta)
    {
        EventArgument.Positive(l2Norm, nameof(L2Bound));
        EventArgument.AtLeast(dimension, 1, nameof(L2Bound));
        CheckedBeta(beta);
        var root = Math.Sqrt(dimension);
        var always = l2Norm + root;
        if (beta == 0) return always;
        var deviation = Math.Sqrt(2 * Math.Log(1 / beta)) * (l2Norm + (0.5 * root));
        return Math.Min(always, Math.Sqrt((l2Norm * l2Norm) + (0.25 * dimension) + deviation));
    }

    /// <summary>L1 bound of an integer vector: the smaller of sqrt(d) times its L2 norm and the square of its L2 norm.</summary>
    /// <param name="l2Norm">Bound on the L2 norm of the integer vector, above 0.</param>
    /// <param name="dimension">Number d of coordinates, 1 or more.</param>
    public static double L1Bound(double l2Norm, int dimension)
    {
        EventArgument.Positive(l2Norm, nameof(L1Bound));
        EventArgument.AtLeast(dimension, 1, nameof(L1Bound));
        return l2Norm * Math.Min(Math.Sqrt(dimension), l2Norm);
    }

    internal static double CheckedBeta(double beta) => beta is >= 0 and < 1
        ? beta
        : throw new ArgumentOutOfRangeException(nameof(beta), $"beta is {beta}, expected 0 to below 1");
}
