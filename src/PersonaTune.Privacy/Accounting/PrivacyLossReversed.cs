namespace PersonaTune.Privacy.Accounting;

/// <summary>A mechanism in the other direction: upper and lower distribution exchanged. Its loss must have no atoms.</summary>
internal sealed record PrivacyLossReversed(PrivacyLossDensity Forward) : PrivacyLossDensity
{
    public override double LowestLoss => -Forward.HighestLoss;

    public override double HighestLoss => -Forward.LowestLoss;

    public override PldTail TailAt(double loss)
    {
        var t = Forward.TailAt(-loss);
        return new(t.LowerBelow, t.LowerAbove, t.UpperBelow, t.UpperAbove);
    }
}
