namespace PersonaTune.Privacy.Accounting;

/// <summary>Moments of a likelihood ratio P / Q that takes a few values.</summary>
internal static class RenyiOutcomes
{
    /// <summary>
    /// log E_Q[(P / Q)^exponent], which is (order - 1) times the divergence where the exponent is the order. The outcomes are all of Q, as
    /// (log Q, log(P / Q)).
    /// </summary>
    /// <remarks>
    /// Near-equal distributions have a moment so close to 1 that its logarithm would be rounding. There the excess over 1 is summed
    /// instead: E_Q[P / Q] = 1 makes it E_Q[r^a - 1 - a (r - 1)], every term of which is positive for a above 1 or below 0.
    /// </remarks>
    public static double LogMoment(double exponent, ReadOnlySpan<(double LogMass, double LogRatio)> outcomes)
    {
        var near = true;
        foreach (var (_, logRatio) in outcomes) near &= Math.Abs(exponent * logRatio) < 1 && Math.Abs(logRatio) < 1;
        var (excess, logSum) = (0.0, double.NegativeInfinity);
        foreach (var (logMass, logRatio) in outcomes)
        {
            if (near) excess += Math.Exp(logMass) * Excess(exponent, logRatio);
            else logSum = LogDomain.Add(logSum, logMass + (exponent * logRatio));
        }

        return near ? LogDomain.Log1P(excess) : logSum;
    }

    // exp(a v) - 1 - a (exp(v) - 1) = sum over k from 2 of v^k (a^k - a) / k!
    private static double Excess(double a, double v)
    {
        var (sum, power, scaled) = (0.0, v, a * v);
        for (var k = 2; k < 30; k++)
        {
            power *= v / k;
            scaled *= a * v / k;
            sum += scaled - (a * power);
        }

        return sum;
    }
}
