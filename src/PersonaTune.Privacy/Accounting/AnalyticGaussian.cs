namespace PersonaTune.Privacy.Accounting;

/// <summary>
/// The exact privacy of the Gaussian mechanism (Balle and Wang 2018, theorem 8): with z = sensitivity / sigma,
/// delta(epsilon) = Phi(z/2 - epsilon/z) - exp(epsilon) Phi(-z/2 - epsilon/z). Thread-safe.
/// </summary>
/// <remarks>
/// Guarantee: holds with equality, for every dimension, under the relation for which the L2 sensitivity was computed. Any adaptive
/// sequence of Gaussian mechanisms has the privacy of one with 1/sigma^2 = sum of 1/sigma_i^2. Assumes real-valued noise: a
/// floating-point sampler does not keep it, and neither does a sensitivity that is exceeded. Relative error about 1e-12, also where delta
/// is as small as 1e-300.
/// </remarks>
public static class AnalyticGaussian
{
    /// <summary>The smallest delta for an epsilon.</summary>
    /// <param name="standardDeviation">Standard deviation sigma of the noise, above 0.</param>
    /// <param name="epsilon">Epsilon, 0 or more.</param>
    /// <param name="sensitivity">L2 sensitivity, above 0.</param>
    /// <returns>Delta, 0 to 1.</returns>
    /// <exception cref="ArgumentOutOfRangeException">An argument lies outside its range.</exception>
    public static double Delta(double standardDeviation, double epsilon, double sensitivity = 1)
    {
        Require(standardDeviation > 0, standardDeviation, nameof(standardDeviation), "the standard deviation is above 0");
        Require(epsilon >= 0, epsilon, nameof(epsilon), "epsilon is 0 or more");
        Require(sensitivity > 0, sensitivity, nameof(sensitivity), "the sensitivity is above 0");
        return DeltaOf(sensitivity / standardDeviation, epsilon);
    }

    /// <summary>The smallest epsilon for a delta.</summary>
    /// <param name="standardDeviation">Standard deviation sigma of the noise, above 0.</param>
    /// <param name="delta">Delta, above 0 and at most 1.</param>
    /// <param name="sensitivity">L2 sensitivity, above 0.</param>
    /// <returns>Epsilon, 0 or more.</returns>
    /// <exception cref="ArgumentOutOfRangeException">An argument lies outside its range.</exception>
    public static double Epsilon(double standardDeviation, double delta, double sensitivity = 1)
    {
        Require(standardDeviation > 0, standardDeviation, nameof(standardDeviation), "the standard deviation is above 0");
        Require(sensitivity > 0, sensitivity, nameof(sensitivity), "the sensitivity is above 0");
        Require(delta is > 0 and <= 1, delta, nameof(delta), "delta lies in (0, 1]");
        var z = sensitivity / standardDeviation;
        if (DeltaOf(z, 0) <= delta) return 0;

        // The loss is normal with mean z^2/2 and deviation z, so its tail bound brackets epsilon from above.
        return PldRoot.LastAbove(epsilon => DeltaOf(z, epsilon) > delta, 0, 0.5 * z * z + z * Math.Sqrt(-2 * Math.Log(delta)));
    }

    /// <summary>The smallest standard deviation that makes the mechanism (epsilon, delta)-private.</summary>
    /// <param name="epsilon">Epsilon, 0 or more.</param>
    /// <param name="delta">Delta, above 0 and below 1.</param>
    /// <param name="sensitivity">L2 sensitivity, above 0.</param>
    /// <returns>The standard deviation sigma.</returns>
    /// <exception cref="ArgumentOutOfRangeException">An argument lies outside its range.</exception>
    public static double StandardDeviation(double epsilon, double delta, double sensitivity = 1)
    {
        Require(epsilon >= 0, epsilon, nameof(epsilon), "epsilon is 0 or more");
        Require(delta is > 0 and < 1, delta, nameof(delta), "delta lies in (0, 1)");
        Require(sensitivity > 0, sensitivity, nameof(sensitivity), "the sensitivity is above 0");
        var high = 1.0;
        while (DeltaOf(1 / high, epsilon) > delta) high *= 2;
        return sensitivity * PldRoot.LastAbove(sigma => DeltaOf(1 / sigma, epsilon) > delta, 0, high);
    }

    /// <summary>delta(epsilon) for z = sensitivity / sigma.</summary>
    internal static double DeltaOf(double z, double epsilon)
    {
        if (double.IsPositiveInfinity(z)) return 1;
        if (z == 0 || double.IsPositiveInfinity(epsilon)) return 0;
        return PldNormal.HockeyStick(0.5 * z - epsilon / z, -0.5 * z - epsilon / z);
    }

    private static void Require(bool holds, double actual, string parameter, string expected)
    {
        if (!holds) throw new ArgumentOutOfRangeException(parameter, actual, expected);
    }
}
