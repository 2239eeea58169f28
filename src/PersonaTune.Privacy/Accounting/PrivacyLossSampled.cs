namespace PersonaTune.Privacy.Accounting;

/// <summary>
/// A mechanism on a Poisson sample, for one direction. The unsampled pair must be its own mirror image (upper and lower exchanged give the
/// same losses), as translates of symmetric noise are. Holds under add-or-remove-one and under replacement by the special record.
/// </summary>
/// <param name="Unsampled">The mechanism on the sample.</param>
/// <param name="Probability">Probability q of inclusion, in (0, 1).</param>
/// <param name="Added">Whether the record is added (upper: data without it) or removed.</param>
internal sealed record PrivacyLossSampled(PrivacyLossDensity Unsampled, double Probability, bool Added) : PrivacyLossDensity
{
    public override double LowestLoss =>
        Added ? -PldSampling.Mix(Probability, -Unsampled.LowestLoss) : PldSampling.Mix(Probability, -Unsampled.HighestLoss);

    public override double HighestLoss =>
        Added ? -PldSampling.Mix(Probability, -Unsampled.HighestLoss) : PldSampling.Mix(Probability, Unsampled.HighestLoss);

    public override PldTail TailAt(double loss)
    {
        var q = Probability;
        if (Added)
        {
            var unmixed = -PldSampling.Unmix(q, -loss);
            if (double.IsPositiveInfinity(unmixed)) return PldTail.Nothing;
            var t = Unsampled.TailAt(unmixed);
            return new(t.UpperAbove, t.UpperBelow, (1 - q) * t.UpperAbove + q * t.LowerAbove, (1 - q) * t.UpperBelow + q * t.LowerBelow);
        }
        else
        {
            var unmixed = PldSampling.Unmix(q, loss);
            if (double.IsNegativeInfinity(unmixed)) return PldTail.Everything;
            var t = Unsampled.TailAt(unmixed);
            return new((1 - q) * t.LowerAbove + q * t.UpperAbove, (1 - q) * t.LowerBelow + q * t.UpperBelow, t.LowerAbove, t.LowerBelow);
        }
    }

    /// <summary>
    /// Exact in relative terms. Removal: the positive part of (1-q) Q + q P - e^eps Q is q times that of P - ((e^eps - 1 + q)/q) Q.
    /// Addition: that of Q - e^eps ((1-q) Q + q P) is t times that of Q - (e^eps q / t) P with t = 1 - e^eps (1-q).
    /// </summary>
    public override double Delta(double epsilon)
    {
        var q = Probability;
        if (!Added) return q * Unsampled.Delta(PldSampling.Unmix(q, epsilon));
        if (double.IsPositiveInfinity(epsilon)) return 0;
        var t = q - (1 - q) * LogDomain.Expm1(epsilon);
        return t <= 0 ? 0 : t * Unsampled.Delta(epsilon + Math.Log(q) - Math.Log(t));
    }
}
