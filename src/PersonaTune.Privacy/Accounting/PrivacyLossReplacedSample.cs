namespace PersonaTune.Privacy.Accounting;

/// <summary>
/// (1-q) N(0, sigma^2) + q N(-1, sigma^2) against (1-q) N(0, sigma^2) + q N(1, sigma^2): the Gaussian mechanism on a Poisson sample when a
/// record of norm at most 1 is exchanged for another. Symmetric; q = 1 is the Gaussian mechanism of sensitivity 2.
/// </summary>
internal sealed record PrivacyLossReplacedSample(double Sigma, double Probability) : PrivacyLossDensity
{
    public override double LowestLoss => -HighestLoss;

    public override double HighestLoss
    {
        get
        {
            // ln of the ratio of the two mixtures at the output -1 - 12 sigma.
            double output = -1 - Deviations * Sigma, precision = 0.5 / (Sigma * Sigma);
            return PldSampling.Mix(Probability, (-2 * output - 1) * precision) - PldSampling.Mix(Probability, (2 * output - 1) * precision);
        }
    }

    public override PldTail TailAt(double loss)
    {
        if (double.IsInfinity(loss)) return loss > 0 ? PldTail.Nothing : PldTail.Everything;
        var q = Probability;
        var output = OutputAt(loss);
        var (middleLeft, middleRight) = PldNormal.Split(output / Sigma);
        var (upperLeft, upperRight) = PldNormal.Split((output + 1) / Sigma);
        var (lowerLeft, lowerRight) = PldNormal.Split((output - 1) / Sigma);
        return new(
            (1 - q) * middleLeft + q * upperLeft, (1 - q) * middleRight + q * upperRight,
            (1 - q) * middleLeft + q * lowerLeft, (1 - q) * middleRight + q * lowerRight);
    }

    /// <summary>
    /// With u = exp(x / sigma^2) and c = q exp(-1 / (2 sigma^2)) the loss l solves c e^l u^2 + (1-q)(e^l - 1) u - c = 0; in v = u e^(l/2)
    /// that is v^2 + 2 y v - 1 = 0 with y = (1-q) sinh(l/2) / c, whose positive root is exp(-asinh y).
    /// </summary>
    private double OutputAt(double loss)
    {
        var variance = Sigma * Sigma;
        if (Probability == 1) return -0.5 * variance * loss;
        var half = 0.5 * Math.Abs(loss);
        var logRatio = LogDomain.Log1P(-Probability) - Math.Log(Probability) + 0.5 / variance;

        // ln(2 sinh) and ln(2 y) stay finite where sinh and 1/c do not.
        var logTwiceY = half == 0 ? double.NegativeInfinity : logRatio + half + Math.Log(-LogDomain.Expm1(-2 * half));
        var arc = logTwiceY > 20 ? logTwiceY : ArcSinh(0.5 * Math.Exp(logTwiceY));
        return variance * (-Math.Sign(loss) * arc - 0.5 * loss);
    }

    private static double ArcSinh(double y) => LogDomain.Log1P(y + y * y / (1 + Math.Sqrt(1 + y * y)));
}
