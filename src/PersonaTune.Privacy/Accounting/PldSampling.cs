namespace PersonaTune.Privacy.Accounting;

/// <summary>
/// How Poisson sampling with probability q changes losses. With P the output on data that hold the record and Q without it, removal
/// compares (1 - q) Q + q P with Q and addition compares the other way round; both are monotone in the loss ln(P / Q) of the unsampled
/// mechanism.
/// </summary>
internal static class PldSampling
{
    // exp(x) - 1 and exp(x) are the same double from here on, and overflow is still far.
    private const double Large = 600;

    /// <summary>ln(1 - q + q exp(loss)).</summary>
    public static double Mix(double q, double loss) => loss > Large
        ? loss + Math.Log(q) + LogDomain.Log1P((1 - q) / q * Math.Exp(-loss))
        : LogDomain.Log1P(q * LogDomain.Expm1(loss));

    /// <summary>The inverse of <see cref="Mix"/>; minus infinity where no loss is mixed to so low a value.</summary>
    public static double Unmix(double q, double mixed)
    {
        if (mixed > Large) return mixed - Math.Log(q) + LogDomain.Log1P(-(1 - q) * Math.Exp(-mixed));
        var scaled = LogDomain.Expm1(mixed) / q;
        return scaled <= -1 ? double.NegativeInfinity : LogDomain.Log1P(scaled);
    }
}
