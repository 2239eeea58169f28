namespace PersonaTune.Privacy.Accounting;

/// <summary>Lap(0, 1) against Lap(r, 1) with r = sensitivity / scale: half of the mass has the loss r, exp(-r)/2 the loss -r.</summary>
internal sealed record PrivacyLossLaplace(double Ratio) : PrivacyLossDensity
{
    public override double LowestLoss => -Ratio;

    public override double HighestLoss => Ratio;

    public override PldTail TailAt(double loss)
    {
        if (loss >= Ratio) return PldTail.Nothing;
        if (loss < -Ratio) return PldTail.Everything;
        var cut = 0.5 * (Ratio - loss); // the loss exceeds its argument left of this output, which lies in [0, Ratio]
        var upperBelow = 0.5 * Math.Exp(-cut);
        var lowerAbove = 0.5 * Math.Exp(cut - Ratio);
        return new(1 - upperBelow, upperBelow, lowerAbove, 1 - lowerAbove);
    }

    public override double Delta(double epsilon) => epsilon >= Ratio ? 0 : -LogDomain.Expm1(0.5 * (epsilon - Ratio));
}
