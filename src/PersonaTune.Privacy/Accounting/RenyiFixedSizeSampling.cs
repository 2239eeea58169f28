namespace PersonaTune.Privacy.Accounting;

/// <summary>
/// Rényi bound of the Gaussian mechanism on a fixed-size sample without replacement, one record exchanged for another (Wang, Balle and
/// Kasiviswanathan 2019, theorem 27). With gamma = m / n, f(k) = exp(k (k - 1) / (2 sigma^2)) and B(l) the l-th forward difference of f
/// at 0: exp((alpha - 1) RDP(alpha)) is at most 1 + gamma^2 C(alpha, 2) min(4 (exp(1 / sigma^2) - 1), 2 exp(1 / sigma^2)) + sum over l
/// from 3 of gamma^l C(alpha, l) min(4 sqrt(B(2 floor(l/2)) B(2 ceil(l/2))), 2 f(l)).
/// </summary>
/// <remarks>
/// For even l, B(l) = E[(exp(y) - 1)^l] with y = (2x - 1) / (2 sigma^2) and x from N(0, sigma^2): a positive, entire, Gaussian-tailed
/// integrand that the trapezoidal rule integrates to rounding error, where differences of f cancel. Above order 256 only 2 f(l) is used.
/// </remarks>
internal sealed class RenyiFixedSizeSampling
{
    private const int LargestDifference = 256;
    private const double Deviations = 13;

    private readonly double _sigma;
    private readonly double[] _logDifference;

    /// <summary>Prepares the differences, which depend on the noise and not on the sample.</summary>
    public RenyiFixedSizeSampling(double sigma, double[] orders)
    {
        _sigma = sigma;
        var needed = orders.Where(order => order <= LargestDifference).DefaultIfEmpty(2).Max();
        _logDifference = sigma == 0 ? [] : LogEvenDifferences(sigma, (int)Math.Ceiling(needed) + 1);
    }

    /// <summary>The bound at every order for the fraction gamma of the records.</summary>
    public double[] Curve(double gamma, double[] orders)
    {
        if (gamma == 0) return new double[orders.Length];
        if (gamma == 1) return RenyiClosedForm.Gaussian(_sigma, orders);
        return Array.ConvertAll(orders, order => double.IsInfinity(order) || _sigma == 0
            ? double.PositiveInfinity
            : RenyiInterpolation.At(order, whole => WholeOrder(gamma, whole)));
    }

    private double WholeOrder(double gamma, int order)
    {
        var logGamma = Math.Log(gamma);
        var excess = double.NegativeInfinity;
        for (var l = 2; l <= order; l++)
            excess = LogDomain.Add(excess, Term(l, order <= LargestDifference) + (l * logGamma) + LogDomain.LogBinomial(order, l));
        return LogDomain.Log1PExp(excess) / (order - 1);
    }

    private double Term(int l, bool withDifferences)
    {
        var bounded = Math.Log(2) + (l * (l - 1.0) / (2 * _sigma * _sigma));
        if (l == 2) return Math.Min(Math.Log(4) + LogDomain.LogExpm1(1 / (_sigma * _sigma)), bounded);
        if (!withDifferences) return bounded;
        var (low, high) = (_logDifference[l / 2], _logDifference[(l + 1) / 2]);
        return Math.Min(Math.Log(4) + (0.5 * (low + high)), bounded);
    }

    /// <summary>log B(2i) at index i.</summary>
    private static double[] LogEvenDifferences(double sigma, int largest)
    {
        var step = sigma / 4;
        var count = (int)((largest + (2 * Deviations * sigma)) / step) + 1;
        var (logDensity, logFactor) = (new double[count], new double[count]);
        var logNormalizer = Math.Log(sigma * Math.Sqrt(2 * Math.PI) / step);
        for (var i = 0; i < count; i++)
        {
            var x = (i * step) - (Deviations * sigma);
            logDensity[i] = -(x * x / (2 * sigma * sigma)) - logNormalizer;
            var y = ((2 * x) - 1) / (2 * sigma * sigma);
            logFactor[i] = y > 30 ? y : Math.Log(Math.Abs(LogDomain.Expm1(y)));
        }

        var differences = new double[(largest / 2) + 1];
        for (var l = 2; l <= largest; l += 2) differences[l / 2] = LogSum(l, logFactor, logDensity);
        return differences;
    }

    private static double LogSum(int exponent, double[] logFactor, double[] logDensity)
    {
        var peak = double.NegativeInfinity;
        for (var i = 0; i < logFactor.Length; i++) peak = Math.Max(peak, (exponent * logFactor[i]) + logDensity[i]);
        var sum = 0.0;
        for (var i = 0; i < logFactor.Length; i++)
        {
            var term = (exponent * logFactor[i]) + logDensity[i] - peak;
            if (term > -45) sum += Math.Exp(term);
        }

        return peak + Math.Log(sum);
    }
}
