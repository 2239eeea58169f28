namespace PersonaTune.Privacy.Accounting;

/// <summary>Rényi divergences with a closed form. Each method gives one value for each order; infinity is an order too.</summary>
internal static class RenyiClosedForm
{
    /// <summary>Gaussian mechanism: alpha / (2 sigma^2) (Mironov 2017, proposition 7).</summary>
    public static double[] Gaussian(double sigma, double[] orders) => Concentrated(1 / (2 * sigma * sigma), 0, orders);

    /// <summary>xi + rho alpha.</summary>
    public static double[] Concentrated(double rho, double xi, double[] orders) =>
        Array.ConvertAll(orders, order => rho == 0 ? xi : xi + (rho * order));

    /// <summary>
    /// Laplace mechanism with sensitivity / scale = epsilon: epsilon + log(1 + (alpha - 1) (exp(epsilon (1 - 2 alpha)) - 1) /
    /// (2 alpha - 1)) / (alpha - 1) (Mironov 2017, proposition 6, rearranged so that small epsilons keep their digits).
    /// </summary>
    public static double[] Laplace(double epsilon, double[] orders) => Array.ConvertAll(orders, order =>
    {
        if (double.IsInfinity(order)) return epsilon;
        var inner = (order - 1) * LogDomain.Expm1(epsilon * (1 - (2 * order))) / ((2 * order) - 1);
        return epsilon + (LogDomain.Log1P(inner) / (order - 1));
    });

    /// <summary>
    /// Discrete Laplace P(x) = (1 - p) / (1 + p) p^|x| with p = exp(-a), shifted by s. The loss a (s - 2 x) is clamped to a s on both
    /// sides, so there are s + 1 outcomes; with r = exp(-a (2 alpha - 1)) they sum to
    /// (1 - p) / (1 + p) exp(a (alpha - 1) s) (1 / (1 - p) + (r - r^s) / (1 - r) + r^s / (1 - p)).
    /// </summary>
    /// <remarks>
    /// As a function of s the sum is a positive combination of exponentials, so its logarithm is convex and 0 at s = 0: a sensitivity
    /// spread over several coordinates costs no more than all of it in one.
    /// </remarks>
    public static double[] DiscreteLaplace(double a, int sensitivity, double[] orders)
    {
        // Where the sum is close to 1 it is taken outcome by outcome, unless they are so many that their losses cannot all be tiny.
        var outcomes = sensitivity <= 10_000 ? DiscreteLaplaceOutcomes(a, sensitivity) : null;
        return Array.ConvertAll(orders, order =>
        {
            if (double.IsInfinity(order)) return a * sensitivity;
            if (outcomes is not null && order * a * sensitivity < 1) return RenyiOutcomes.LogMoment(order, outcomes) / (order - 1);
            var tail = -1 / LogDomain.Expm1(-a);
            var rate = a * ((2 * order) - 1);
            var last = Math.Exp(-rate * sensitivity);
            var middle = (last - Math.Exp(-rate)) / LogDomain.Expm1(-rate);
            return (a * sensitivity) + (Math.Log(Math.Tanh(a / 2) * ((tail * (1 + last)) + middle)) / (order - 1));
        });
    }

    private static (double LogMass, double LogRatio)[] DiscreteLaplaceOutcomes(double a, int sensitivity)
    {
        // Q is centred at s: below 1 it has p^s / (1 + p), from s on 1 / (1 + p), and between the geometric masses.
        var logTail = -LogDomain.Log1PExp(-a);
        var outcomes = new (double, double)[sensitivity + 1];
        outcomes[0] = (logTail - (a * sensitivity), a * sensitivity);
        outcomes[sensitivity] = (logTail, -a * sensitivity);
        for (var x = 1; x < sensitivity; x++)
            outcomes[x] = (Math.Log(Math.Tanh(a / 2)) - (a * (sensitivity - x)), a * (sensitivity - (2.0 * x)));
        return outcomes;
    }

    /// <summary>
    /// What epsilon-DP alone implies, reached by binary randomized response (Mironov 2017, proposition 5): losses epsilon and -epsilon with
    /// masses 1 / (1 + exp(epsilon)) and the rest.
    /// </summary>
    public static double[] Pure(double epsilon, double[] orders)
    {
        (double, double)[] outcomes = [(-LogDomain.Log1PExp(epsilon), epsilon), (-LogDomain.Log1PExp(-epsilon), -epsilon)];
        return Array.ConvertAll(
            orders, order => double.IsInfinity(order) ? epsilon : RenyiOutcomes.LogMoment(order, outcomes) / (order - 1));
    }

    /// <summary>
    /// Exponential mechanism, whose loss has range epsilon (Cesar and Rogers 2021, section 3): with r = epsilon / (exp(epsilon) - 1)
    /// the Kullback-Leibler divergence is at most r - 1 - log(r), the divergence grows by at most epsilon^2 / 8 an order, and it never
    /// exceeds epsilon.
    /// </summary>
    public static double[] ExponentialMechanism(double epsilon, double[] orders)
    {
        // Below 1e-3 the difference cancels; there r - 1 comes from its Bernoulli series and x - log(1 + x) from its own.
        var x = epsilon < 1e-3
            ? epsilon * (-0.5 + (epsilon / 12))
            : (epsilon / LogDomain.Expm1(epsilon)) - 1;
        var relativeEntropy = epsilon < 1e-3 ? x * x * (0.5 - (x / 3) + (x * x / 4)) : x - LogDomain.Log1P(x);
        var slope = epsilon * epsilon / 8;
        return Array.ConvertAll(orders, order => Math.Min(slope == 0 ? 0 : relativeEntropy + (slope * (order - 1)), epsilon));
    }

    /// <summary>Randomized response with a uniform answer in probability p out of k, one true answer exchanged for another.</summary>
    public static double[] RandomizedResponseReplaceOne(double p, int k, double[] orders)
    {
        if (k == 1 || p == 1) return new double[orders.Length];
        if (p == 0) return Array.ConvertAll(orders, _ => double.PositiveInfinity);

        // Q puts p / k where P has its peak, its own peak elsewhere, and agrees on the other k - 2 answers.
        var logRatio = LogDomain.Log1P(k * (1 - p) / p);
        (double, double)[] outcomes =
        [
            (Math.Log(p / k), logRatio), (Math.Log(1 - p + (p / k)), -logRatio), (Math.Log((1 - (2.0 / k)) * p), 0),
        ];
        return Array.ConvertAll(
            orders, order => double.IsInfinity(order) ? logRatio : RenyiOutcomes.LogMoment(order, outcomes) / (order - 1));
    }

    /// <summary>Randomized response with a true answer exchanged for a special one that is answered uniformly.</summary>
    public static double[] RandomizedResponseReplaceSpecial(double p, int k, double[] orders)
    {
        if (k == 1 || p == 1) return new double[orders.Length];
        if (p == 0) return Array.ConvertAll(orders, _ => double.PositiveInfinity);

        // Against the uniform Q one answer is likelier by p + k (1 - p), the others less likely by p. Exponent 1 - alpha exchanges P and Q.
        var (logPeak, logRest) = (LogDomain.Log1P((k - 1) * (1 - p)), Math.Log(p));
        (double, double)[] outcomes = [(-Math.Log(k), logPeak), (Math.Log((k - 1.0) / k), logRest)];
        return Array.ConvertAll(orders, order => double.IsInfinity(order)
            ? Math.Max(logPeak, -logRest)
            : Math.Max(RenyiOutcomes.LogMoment(order, outcomes), RenyiOutcomes.LogMoment(1 - order, outcomes)) / (order - 1));
    }

    /// <summary>
    /// Skellam mechanism in integer units with variance mu and sensitivities l1, l2: alpha l2^2 / (2 mu) + min(((2 alpha - 1) l2^2 + 6
    /// l1) / (4 mu^2), 3 l1 / (2 mu)) at whole orders (Agarwal, Kairouz and Liu 2021, corollary 4.1); between them by convexity.
    /// </summary>
    public static double[] Skellam(double variance, double l1, double l2, double[] orders)
    {
        return Array.ConvertAll(orders, order =>
            double.IsInfinity(order) ? (l2 == 0 && l1 == 0 ? 0 : order) : RenyiInterpolation.At(order, WholeOrder));

        double WholeOrder(int order)
        {
            var first = (((2 * order) - 1) * l2 * l2) + (6 * l1);
            return (order * l2 * l2 / (2 * variance)) + Math.Min(first / (4 * variance * variance), 3 * l1 / (2 * variance));
        }
    }

    /// <summary>
    /// Sum of discrete Gaussians (Kairouz, Liu and Steinke 2021, proposition 14): the smallest of alpha s^2 / 2 + tau d,
    /// alpha (s^2 + 2 tau t + tau^2 d) / 2 and alpha (s + tau sqrt(d))^2 / 2 with s = l2 / sigma and t = l1 / sigma.
    /// </summary>
    public static double[] DistributedDiscreteGaussian(double l1, double l2, double tau, int dimension, double[] orders)
    {
        var slack = tau * dimension;
        var slope = l2 * l2;
        var inflated = Math.Min(slope + (2 * l1 * tau) + (tau * slack), Square(l2 + (Math.Sqrt(dimension) * tau)));
        return Array.ConvertAll(orders, order => inflated == 0
            ? 0
            : Math.Min((slope == 0 ? 0 : order * slope / 2) + slack, order * inflated / 2));
    }

    /// <summary>
    /// Tree aggregation in a single epoch (Kairouz et al. 2021, appendix D): a record reaches one node on each level of the deepest tree.
    /// </summary>
    public static double[] TreeAggregation(double sigma, IReadOnlyList<int> stepCounts, double[] orders)
    {
        var depth = 0;
        for (long steps = stepCounts.Max(); steps > 0; steps >>= 1) depth++;
        return depth == 0 ? new double[orders.Length] : Concentrated(depth / (2 * sigma * sigma), 0, orders);
    }

    private static double Square(double x) => x * x;
}
