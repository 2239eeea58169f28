namespace PersonaTune.Privacy.Accounting;

/// <summary>
/// Optimal composition of k mechanisms known only to be (epsilon, delta)-private (Kairouz, Oh and Viswanath 2017, theorem 3.3). No bound
/// from the same knowledge is smaller. Holds under whichever relation the parts do; adaptive choice is covered.
/// </summary>
/// <remarks>
/// The composition of the worst case, k-fold binary randomized response with an epsilon each, has
/// delta'(e) = sum over j of C(k, j) max(0, exp(epsilon (k - j)) - exp(e + epsilon j)) / (1 + exp(epsilon))^k.
/// </remarks>
public static class AdvancedComposition
{
    /// <summary>The smallest total delta for a total epsilon.</summary>
    /// <param name="part">Epsilon and delta of one mechanism.</param>
    /// <param name="count">Number k of mechanisms, 0 or more.</param>
    /// <param name="totalEpsilon">The total epsilon, 0 or more.</param>
    /// <returns>Delta, 0 to 1.</returns>
    public static double GetDelta(EpsilonDeltaEvent part, int count, double totalEpsilon)
    {
        ArgumentNullException.ThrowIfNull(part);
        ArgumentOutOfRangeException.ThrowIfNegative(count);
        RdpConversion.CheckEpsilon(totalEpsilon);
        if (count == 0) return 0;
        var spread = (count - (totalEpsilon / part.Epsilon)) / 2;
        return Total(part, count, totalEpsilon, part.Epsilon == 0 ? 0 : (int)Math.Clamp(Math.Ceiling(spread), 0, count + 1));
    }

    /// <summary>The smallest of k epsilon, (k - 2) epsilon, (k - 4) epsilon, ... that holds with a total delta.</summary>
    /// <param name="part">Epsilon and delta of one mechanism.</param>
    /// <param name="count">Number k of mechanisms, 0 or more.</param>
    /// <param name="totalDelta">The total delta, 0 to 1.</param>
    /// <returns>Epsilon; infinite if the deltas of the parts alone exceed the total.</returns>
    public static double GetEpsilon(EpsilonDeltaEvent part, int count, double totalDelta)
    {
        ArgumentNullException.ThrowIfNull(part);
        ArgumentOutOfRangeException.ThrowIfNegative(count);
        RdpConversion.CheckDelta(totalDelta);
        if (count == 0) return 0;
        if (!Holds(0)) return double.PositiveInfinity;
        var (holds, fails) = (0, (count / 2) + 1);
        while (fails - holds > 1)
        {
            var middle = (holds + fails) / 2;
            if (Holds(middle)) holds = middle;
            else fails = middle;
        }

        return part.Epsilon * (count - (2 * holds));

        bool Holds(int i) => Total(part, count, part.Epsilon * (count - (2 * i)), i) <= totalDelta;
    }

    /// <summary>The largest epsilon one mechanism may have so that k of them stay within a total.</summary>
    /// <param name="total">Epsilon and delta of the total.</param>
    /// <param name="count">Number k of mechanisms, 1 or more.</param>
    /// <param name="partDelta">Delta of one mechanism, 0 to 1.</param>
    /// <param name="tolerance">The answer lies at most this far below the exact one.</param>
    /// <returns>Epsilon of one mechanism; 0 if the deltas of the parts alone exceed the total's.</returns>
    public static double GetPartEpsilon(EpsilonDeltaEvent total, int count, double partDelta = 0, double tolerance = 1e-9)
    {
        ArgumentNullException.ThrowIfNull(total);
        ArgumentOutOfRangeException.ThrowIfLessThan(count, 1);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(tolerance);

        // Basic composition cannot fail, and one mechanism alone cannot have more than the total.
        var (holds, fails) = (total.Epsilon / count, total.Epsilon);
        if (Delta(fails) <= total.Delta) return fails;
        if (Delta(holds) > total.Delta) holds = 0;
        if (holds == 0 && Delta(0) > total.Delta) return 0;
        while (fails - holds > tolerance)
        {
            var middle = (holds + fails) / 2;
            if (middle == holds || middle == fails) break;
            if (Delta(middle) <= total.Delta) holds = middle;
            else fails = middle;
        }

        return holds;

        double Delta(double epsilon) => GetDelta(new EpsilonDeltaEvent(epsilon, partDelta), count, total.Epsilon);
    }

    /// <summary>Delta of the composition; the losses of fewer than <paramref name="terms"/> flips exceed the total epsilon.</summary>
    private static double Total(EpsilonDeltaEvent part, int count, double totalEpsilon, int terms)
    {
        var logNormalizer = count * LogDomain.Log1PExp(part.Epsilon);
        var sum = 0.0;
        for (var j = 0; j < terms; j++)
        {
            var gap = (part.Epsilon * (count - (2 * j))) - totalEpsilon;
            var logMass = LogDomain.LogBinomial(count, j) + (part.Epsilon * (count - j)) - logNormalizer;
            sum += Math.Exp(logMass) * -LogDomain.Expm1(-Math.Max(0, gap));
        }

        // For a single mechanism the formula below would only round the delta of the part.
        if (sum == 0 && count == 1) return part.Delta;
        return -LogDomain.Expm1((count * LogDomain.Log1P(-part.Delta)) + LogDomain.Log1P(-Math.Min(1, sum)));
    }
}
