namespace PersonaTune.Privacy.Accounting;

/// <summary>A mechanism that is a short list of outcomes.</summary>
internal sealed record PrivacyLossOutcomes(PldAtom First, PldAtom Second, PldAtom? Third = null) : PrivacyLossAtoms
{
    /// <summary>Everything is revealed.</summary>
    public static PrivacyLossOutcomes Revealed { get; } = Infinite(1);

    /// <summary>
    /// All that (epsilon, delta) allows: infinite loss with probability delta, else plus or minus epsilon as in randomized response
    /// (Kairouz, Oh and Viswanath 2015).
    /// </summary>
    public static PrivacyLossOutcomes EpsilonDelta(double epsilon, double delta)
    {
        var logFinite = LogDomain.Log1P(-delta);
        var logTruth = logFinite - LogDomain.Log1P(Math.Exp(-epsilon));
        PldAtom? revealed = delta > 0 ? new(Math.Log(delta), double.PositiveInfinity) : null;
        return new(new(logTruth, epsilon), new(logTruth - epsilon, -epsilon), revealed);
    }

    /// <summary>Randomized response when one value is exchanged for another.</summary>
    public static PrivacyLossOutcomes ResponseReplaced(double noise, int buckets)
    {
        double truth = Math.Log(1 - noise * (buckets - 1) / buckets), other = Math.Log(noise / buckets);
        return new(new(truth, truth - other), new(other, other - truth), buckets > 2 ? new(other + Math.Log(buckets - 2), 0) : null);
    }

    /// <summary>
    /// Randomized response when a value is exchanged for the special one, which is answered uniformly; or the other way round.
    /// </summary>
    public static PrivacyLossOutcomes ResponseSpecial(double noise, int buckets, bool fromSpecial)
    {
        double truth = Math.Log(1 - noise * (buckets - 1) / buckets), uniform = -Math.Log(buckets);
        double rest = Math.Log(noise * (buckets - 1) / buckets), uniformRest = LogDomain.Log1P(-1.0 / buckets);
        return fromSpecial
            ? new(new(uniform, uniform - truth), new(uniformRest, uniformRest - rest))
            : new(new(truth, truth - uniform), new(rest, rest - uniformRest));
    }

    public override IEnumerable<PldAtom> Outcomes()
    {
        yield return First;
        yield return Second;
        if (Third is { } third) yield return third;
    }

    private static PrivacyLossOutcomes Infinite(double mass) =>
        new(new(Math.Log(mass), double.PositiveInfinity), new(double.NegativeInfinity, double.NegativeInfinity));
}
