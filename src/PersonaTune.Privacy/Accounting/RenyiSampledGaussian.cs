namespace PersonaTune.Privacy.Accounting;

/// <summary>
/// Rényi divergence of the Gaussian mechanism on a Poisson sample (Mironov, Talwar and Zhang 2019), exact at every order. With
/// mu0 = N(0, sigma^2), mu1 = N(1, sigma^2), y(x) = (2x - 1) / (2 sigma^2) and u(x) = q (exp(y) - 1):
/// RDP(alpha) = log(A) / (alpha - 1), A = E_mu0[(1 + u)^alpha]. This direction, sample against no sample, is the larger of the two.
/// </summary>
/// <remarks>
/// Both evaluations compute A - 1 as a sum of positive terms, so no digit is lost even where A is within 1e-12 of 1.
/// Whole orders: A - 1 = sum over k from 2 of C(alpha, k) q^k (1 - q)^(alpha - k) (exp((k^2 - k) / (2 sigma^2)) - 1).
/// Other orders: A - 1 = E_mu0[(1 + u)^alpha - 1 - alpha u], because E_mu0[u] = 0 and the integrand is positive by Bernoulli's
/// inequality. The integrand is analytic for |Im x| below pi sigma^2 (where 1 + u vanishes) and decays like a Gaussian, so the trapezoidal
/// rule converges exponentially. The binomial series that is used elsewhere for such orders drops the signs of its tail.
/// </remarks>
internal static class RenyiSampledGaussian
{
    // Grid points beyond this many deviations from every peak weigh less than exp(-84).
    private const double Deviations = 13;

    // Where sigma is so small that the grid would be larger, whole orders are interpolated (an upper bound, by convexity).
    private const int LargestGrid = 200_000;

    /// <summary>The divergence at every order.</summary>
    public static double[] Curve(double q, double sigma, double[] orders)
    {
        if (q == 0) return new double[orders.Length];
        if (q == 1) return RenyiClosedForm.Gaussian(sigma, orders);
        var curve = new double[orders.Length];
        var grid = Grid.For(q, sigma, orders);
        for (var i = 0; i < orders.Length; i++)
        {
            if (double.IsInfinity(orders[i]) || sigma == 0) curve[i] = double.PositiveInfinity;
            else if (double.IsInteger(orders[i])) curve[i] = WholeOrder(q, sigma, (int)orders[i]);
            else if (grid is not null) curve[i] = LogDomain.Log1PExp(grid.LogExcess(orders[i])) / (orders[i] - 1);
            else curve[i] = RenyiInterpolation.At(orders[i], order => WholeOrder(q, sigma, order));
        }

        return curve;
    }

    private static double WholeOrder(double q, double sigma, int order)
    {
        var (logQ, logRest) = (Math.Log(q), LogDomain.Log1P(-q));
        var excess = double.NegativeInfinity;
        for (var k = 2; k <= order; k++)
        {
            var weight = LogDomain.LogBinomial(order, k) + (k * logQ) + ((order - k) * logRest);
            excess = LogDomain.Add(excess, weight + LogDomain.LogExpm1(k * (k - 1.0) / (2 * sigma * sigma)));
        }

        return LogDomain.Log1PExp(excess) / (order - 1);
    }

    /// <summary>The trapezoidal grid and what does not depend on the order.</summary>
    private sealed class Grid(double margin, double step, double[] logDensity, double[] ratio, double[] logRatio)
    {
        public static Grid? For(double q, double sigma, double[] orders)
        {
            var largest = orders.Where(order => !double.IsInteger(order) && double.IsFinite(order)).DefaultIfEmpty(0).Max();
            if (largest == 0 || sigma == 0) return null;

            // Error exp(-2 pi d / h + d^2 / (2 sigma^2)) at strip half-width d = pi sigma^2, set to exp(-40); and h below sigma / 2.5,
            // where the Gaussian factor alone is integrated to exp(-2 pi^2 2.5^2).
            var variance = sigma * sigma;
            var step = Math.Min(
                sigma / 2.5, 2 * Math.PI * Math.PI * variance / (40 + (0.5 * Math.PI * Math.PI * variance)));
            var (from, to) = (-Deviations * sigma, largest + (Deviations * sigma));
            if ((to - from) / step > LargestGrid) return null;
            var count = (int)((to - from) / step) + 1;
            var (logDensity, ratio, logRatio) = (new double[count], new double[count], new double[count]);
            var logNormalizer = Math.Log(sigma * Math.Sqrt(2 * Math.PI));
            for (var i = 0; i < count; i++)
            {
                var x = from + (i * step);
                var y = ((2 * x) - 1) / (2 * variance);
                logDensity[i] = -(x * x / (2 * variance)) - logNormalizer;
                ratio[i] = q * LogDomain.Expm1(y);
                logRatio[i] = y < 500 ? LogDomain.Log1P(ratio[i]) : Math.Log(q) + y;
            }

            return new Grid(-2 * from, step, logDensity, ratio, logRatio);
        }

        /// <summary>log(A - 1) at one order.</summary>
        public double LogExcess(double order)
        {
            // The last peak is at x = alpha.
            var count = Math.Min(logRatio.Length, (int)((order + margin) / step) + 1);
            var shift = double.NegativeInfinity;
            for (var i = 0; i < count; i++) shift = Math.Max(shift, (order * logRatio[i]) + logDensity[i]);
            var sum = 0.0;
            for (var i = 0; i < count; i++)
            {
                var power = order * logRatio[i];
                if (power + logDensity[i] < shift - 700 && logDensity[i] < shift - 700) continue;

                // Far out the power is all there is; before that the two lower terms still count when alpha is close to 1.
                var lower = power > 30 && double.IsFinite(ratio[i]) ? (1 + (order * ratio[i])) * Math.Exp(-power) : 0;
                sum += power > 30
                    ? Math.Exp(power + logDensity[i] - shift) * (1 - lower)
                    : Excess(order, ratio[i], power) * Math.Exp(logDensity[i] - shift);
            }

            return shift + Math.Log(step * sum);
        }

        /// <summary>(1 + u)^alpha - 1 - alpha u, where power = alpha log(1 + u).</summary>
        private static double Excess(double order, double u, double power)
        {
            if (Math.Abs(u) * (1 + order) > 0.1) return LogDomain.Expm1(power) - (order * u);

            // Near zero the difference cancels: binomial series from the square on.
            var term = order * u;
            var sum = 0.0;
            for (var k = 2; k < 40; k++)
            {
                term *= (order - k + 1) / k * u;
                sum += term;
                if (Math.Abs(term) < 1e-18 * Math.Abs(sum)) break;
            }

            return sum;
        }
    }
}
