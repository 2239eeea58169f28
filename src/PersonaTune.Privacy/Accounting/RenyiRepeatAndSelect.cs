namespace PersonaTune.Privacy.Accounting;

/// <summary>
/// Rényi bound of repeating a mechanism a random number of times and publishing the best run only (Papernot and Steinke 2021).
/// </summary>
internal static class RenyiRepeatAndSelect
{
    // Halting probability is rounded towards more repetitions, to this relative width.
    private const double Width = 1e-12;

    /// <summary>The bound at every order from the curve of one run at the same orders.</summary>
    public static double[] Curve(double mean, double shape, double[] run, double[] orders) =>
        double.IsInfinity(shape) ? Poisson(mean, run, orders) : NegativeBinomial(mean, shape, run, orders);

    // Theorem 6: a Poisson number of runs.
    private static double[] Poisson(double mean, double[] run, double[] orders)
    {
        var curve = new double[orders.Length];
        for (var i = 0; i < orders.Length; i++)
        {
            var delta = RdpConversion.Delta(orders, run, LogDomain.Log1P(1 / (orders[i] - 1))).Value;
            curve[i] = run[i] + (mean * delta) + (Math.Log(mean) / (orders[i] - 1));
        }

        return curve;
    }

    // Theorem 2: a truncated negative binomial number of runs. A divergence never falls as the order grows, so a larger order bounds a
    // smaller.
    private static double[] NegativeBinomial(double mean, double shape, double[] run, double[] orders)
    {
        var logHalting = Math.Log(HaltingProbability(mean, shape));
        var smallest = double.PositiveInfinity;
        for (var i = 0; i < orders.Length; i++)
            smallest = Math.Min(smallest, ((1 - (1 / orders[i])) * run[i]) - (logHalting / orders[i]));
        var constant = (1 + shape) * smallest;
        var curve = new double[orders.Length];
        for (var i = 0; i < orders.Length; i++) curve[i] = run[i] + (Math.Log(mean) / (orders[i] - 1)) + constant;
        return Array.ConvertAll(orders, order => curve.Where((_, j) => orders[j] >= order).Min());
    }

    private static double HaltingProbability(double mean, double shape)
    {
        if (shape == 1) return 1 / mean;
        if (mean == 1) return 1;
        var (low, high) = (0.0, 1.0);
        while (high > low * (1 + Width))
        {
            var middle = (low + high) / 2;
            if (middle == low || middle == high) break;
            if (Mean(middle, shape) < mean) high = middle;
            else low = middle;
        }

        return low;
    }

    // shape (1/gamma - 1) / (1 - gamma^shape), or (1/gamma - 1) / log(1/gamma) for shape 0.
    private static double Mean(double gamma, double shape)
    {
        var odds = (1 - gamma) / gamma;
        var logInverse = -Math.Log(gamma);
        return shape == 0 ? odds / logInverse : shape * odds / -LogDomain.Expm1(-shape * logInverse);
    }
}
