namespace PersonaTune.Privacy.Accounting;

/// <summary>N(z, 1) against N(0, 1) with z = sensitivity / sigma; the loss is normal with mean z^2/2 and deviation z.</summary>
internal sealed record PrivacyLossGaussian(double Shift) : PrivacyLossDensity
{
    public override double LowestLoss => 0.5 * Shift * Shift - Deviations * Shift;

    public override double HighestLoss => 0.5 * Shift * Shift + Deviations * Shift;

    public override PldTail TailAt(double loss)
    {
        var (upperAbove, upperBelow) = PldNormal.Split(0.5 * Shift - loss / Shift);
        var (lowerAbove, lowerBelow) = PldNormal.Split(-0.5 * Shift - loss / Shift);
        return new(upperAbove, upperBelow, lowerAbove, lowerBelow);
    }

    public override double Delta(double epsilon) => AnalyticGaussian.DeltaOf(Shift, epsilon);
}
