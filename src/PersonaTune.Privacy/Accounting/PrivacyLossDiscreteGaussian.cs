namespace PersonaTune.Privacy.Accounting;

/// <summary>
/// P(x) proportional to exp(-x^2 / (2 sigma^2)) on the integers against its translate by the sensitivity (Canonne, Kamath and Steinke
/// 2020).
/// </summary>
internal sealed record PrivacyLossDiscreteGaussian(double Sigma, int Sensitivity) : PrivacyLossAtoms
{
    // exp(-38.5^2/2) is the smallest double; a wide distribution is cut at 12 deviations (2e-33) and counts the rest as an infinite loss.
    private const double DeviationsOfNarrow = 38.5;
    private const double DeviationsOfWide = 12;
    private const double WideFrom = 500;

    public override IEnumerable<PldAtom> Outcomes()
    {
        var wide = Sigma > WideFrom;
        var reach = (long)Math.Ceiling(Sigma * (wide ? DeviationsOfWide : DeviationsOfNarrow));
        var precision = 0.5 / (Sigma * Sigma);
        var logNormalizer = LogNormalizer();
        for (var x = -reach; x <= reach + Sensitivity; x++)
            yield return new(-precision * x * x - logNormalizer, 2 * precision * Sensitivity * (0.5 * Sensitivity - x));
        if (wide) yield return new(Math.Log(PldNormal.Cdf(1 - DeviationsOfWide)), double.PositiveInfinity);
    }

    /// <summary>ln of the sum of exp(-x^2 / (2 sigma^2)) over the integers.</summary>
    private double LogNormalizer()
    {
        // Poisson summation: sigma sqrt(2 pi) (1 + 2 exp(-2 pi^2 sigma^2) + ...), whose second term vanishes from sigma = 2 on.
        if (Sigma >= 2) return Math.Log(Sigma * Math.Sqrt(2 * Math.PI));
        var sum = 1.0;
        for (var x = 1; ; x++)
        {
            var term = Math.Exp(-x * x / (2 * Sigma * Sigma));
            if (sum + term == sum) return Math.Log(sum);
            sum += 2 * term;
        }
    }
}
