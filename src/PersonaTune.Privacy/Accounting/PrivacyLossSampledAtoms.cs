namespace PersonaTune.Privacy.Accounting;

/// <summary>A discrete mechanism on a Poisson sample, for one direction; see <see cref="PrivacyLossSampled"/>.</summary>
internal sealed record PrivacyLossSampledAtoms(PrivacyLossAtoms Unsampled, double Probability, bool Added) : PrivacyLossAtoms
{
    public override IEnumerable<PldAtom> Outcomes()
    {
        foreach (var (logUpper, loss) in Unsampled.Outcomes())
        {
            if (Added)
            {
                var mixed = double.IsPositiveInfinity(loss) ? LogDomain.Log1P(-Probability) : PldSampling.Mix(Probability, -loss);
                yield return new(logUpper, -mixed);
            }
            else if (double.IsPositiveInfinity(loss))
            {
                yield return new(logUpper + Math.Log(Probability), loss);
            }
            else
            {
                var mixed = PldSampling.Mix(Probability, loss);
                yield return new(logUpper - loss + mixed, mixed);
            }
        }
    }
}
