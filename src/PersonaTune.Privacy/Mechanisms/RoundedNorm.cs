namespace PersonaTune.Privacy.Mechanisms;

/// <summary>
/// Bounds of the norm of a vector after stochastic rounding to integers (Kairouz, Liu and Steinke 2021, section 4). Thread-safe.
/// </summary>
public static class RoundedNorm
{
    /// <summary>
    /// The L2 norm that a vector of norm at most <paramref name="scaledNorm"/> keeps with probability at least 1 - beta:
    /// min(c + sqrt(d), sqrt(c^2 + d/4 + sqrt(2 ln(1/beta)) (c + sqrt(d)/2))). For beta = 0 the first, which always holds.
    /// </summary>
    /// <param name="scaledNorm">The norm c before rounding, in integer units.</param>
    /// <param name="dimension">Number d of (padded) coordinates.</param>
    /// <param name="beta">0 to below 1.</param>
    public static double L2(double scaledNorm, int dimension, double beta)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(dimension);
        if (!(scaledNorm >= 0 && double.IsFinite(scaledNorm)))
            throw new ArgumentOutOfRangeException(nameof(scaledNorm), scaledNorm,
                $"scaled norm is {scaledNorm}, expected a finite number of at least 0");
        if (!(beta is >= 0 and < 1)) throw new ArgumentOutOfRangeException(nameof(beta), beta, $"beta is {beta}, expected 0 to below 1");
        var root = Math.Sqrt(dimension);
        var always = scaledNorm + root;
        if (beta == 0) return always;
        var usual = Math.Sqrt((scaledNorm * scaledNorm) + (0.25 * dimension)
            + (Math.Sqrt(2 * Math.Log(1 / beta)) * (scaledNorm + (0.5 * root))));
        return Math.Min(always, usual);
    }

    /// <summary>
    /// The largest L1 norm of an integer vector of L2 norm c: c min(sqrt(d), c), because the magnitude of an integer is at most its square.
    /// </summary>
    /// <param name="l2Norm">Bound c of the integer vector, after rounding.</param>
    /// <param name="dimension">Number d of coordinates.</param>
    public static double L1(double l2Norm, int dimension) => l2Norm * Math.Min(Math.Sqrt(dimension), l2Norm);
}
