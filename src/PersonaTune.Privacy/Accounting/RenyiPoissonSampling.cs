namespace PersonaTune.Privacy.Accounting;

/// <summary>
/// Rényi bound of any mechanism on a Poisson sample, one record added or removed (Zhu and Wang 2019). With R the curve of the mechanism:
/// exp((alpha - 1) RDP(alpha)) is at most (1 - q)^(alpha - 1) (1 + (alpha - 1) q)
/// + sum over l from 2 of c(l) C(alpha, l) q^l (1 - q)^(alpha - l) exp((l - 1) R(l)) with c(2) = 1 and, from 3 on, c(l) = 3 for every
/// mechanism (theorem 5) or 1 where the odd Pearson-Vajda moments are known not to be negative (theorem 6).
/// </summary>
/// <remarks>
/// The binomial weights sum to 1, so the excess over 1 is the sum of C(alpha, l) q^l (1 - q)^(alpha - l) (c(l) exp((l - 1) R(l)) - 1):
/// positive terms, no cancellation. A sample tells no more than the whole, so the bound never exceeds R(alpha).
/// </remarks>
internal static class RenyiPoissonSampling
{
    /// <summary>The bound at every order.</summary>
    /// <param name="q">Probability of inclusion.</param>
    /// <param name="inner">Curve of the mechanism at given orders.</param>
    /// <param name="orders">Orders of the result.</param>
    /// <param name="oddMomentsNonNegative">Whether theorem 6 applies.</param>
    public static double[] Curve(double q, Func<double[], double[]> inner, double[] orders, bool oddMomentsNonNegative = false)
    {
        if (q == 0) return new double[orders.Length];
        var unsampled = inner(orders);
        if (q == 1) return unsampled;
        var largest = (int)Math.Ceiling(orders.Where(double.IsFinite).DefaultIfEmpty(1).Max());
        double[] whole = [0, 0, .. inner([.. Enumerable.Range(2, Math.Max(1, largest - 1)).Select(l => (double)l)])];
        var curve = new double[orders.Length];
        for (var i = 0; i < orders.Length; i++)
        {
            var sampled = double.IsInfinity(orders[i])
                ? LogDomain.Log1PExp(Math.Log(q) + LogDomain.LogExpm1(unsampled[i]))
                : RenyiInterpolation.At(orders[i], WholeOrder);
            curve[i] = Math.Min(sampled, unsampled[i]);
        }

        return curve;

        double WholeOrder(int order)
        {
            var (logQ, logRest) = (Math.Log(q), LogDomain.Log1P(-q));
            var excess = double.NegativeInfinity;
            for (var l = 2; l <= order; l++)
            {
                var moment = ((l - 1) * whole[l]) + (l == 2 || oddMomentsNonNegative ? 0 : Math.Log(3));
                if (moment <= 0) continue;
                var weight = LogDomain.LogBinomial(order, l) + (l * logQ) + ((order - l) * logRest);
                excess = LogDomain.Add(excess, weight + LogDomain.LogExpm1(moment));
            }

            return LogDomain.Log1PExp(excess) / (order - 1);
        }
    }
}
