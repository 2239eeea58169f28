using PersonaTune.Privacy.Accounting;

namespace PersonaTune.Cli.Privacy;

/// <summary>A federated task's privacy: each round noises the sum of a random cohort.</summary>
/// <param name="Population">Number of devices that may take part.</param>
/// <param name="Cohort">Number of devices of a round, in expectation or exactly.</param>
/// <param name="FixedSize">Whether cohorts have exactly that size (then devices are exchanged, not added or removed).</param>
internal sealed record RoundPlan(int Population, int Cohort, bool FixedSize)
{
    /// <summary>The most rounds that are looked for.</summary>
    public const long MostRounds = 10_000_000;

    private const double SigmaFloor = 0.05;
    private const double SigmaCeiling = 10_000;

    public double SamplingRate => (double)Cohort / Population;

    public NeighbouringRelation Relation => FixedSize ? NeighbouringRelation.ReplaceOne : NeighbouringRelation.AddOrRemoveOne;

    public PrivacyEvent Event(double sigma) => FixedSize
        ? new SampledWithoutReplacementEvent(Population, Cohort, new GaussianEvent(sigma))
        : Cohort == Population ? new GaussianEvent(sigma) : new PoissonSampledEvent(SamplingRate, new GaussianEvent(sigma));

    public TwoBounds Account(double sigma, long rounds, double delta) => TwoBounds.Account(Relation, Event(sigma), rounds, delta);

    /// <summary>The most rounds within epsilon; 0 if not even one fits.</summary>
    public long Rounds(double sigma, double epsilon, double delta)
    {
        long fits = 0, exceeds = 1;
        while (exceeds <= MostRounds && Account(sigma, exceeds, delta).Epsilon <= epsilon) (fits, exceeds) = (exceeds, exceeds * 4);
        while (exceeds - fits > 1)
        {
            var middle = fits + ((exceeds - fits) / 2);
            if (Account(sigma, middle, delta).Epsilon <= epsilon) fits = middle;
            else exceeds = middle;
        }

        return fits;
    }

    /// <summary>The least noise multiplier for which the rounds stay within epsilon, to a relative 1e-4; null if none up to 10,000 does.</summary>
    public double? Sigma(long rounds, double epsilon, double delta)
    {
        bool Fits(double sigma) => Account(sigma, rounds, delta).Epsilon <= epsilon;
        double low = SigmaFloor, high = 1;
        while (!Fits(high))
        {
            if (high >= SigmaCeiling) return null;
            (low, high) = (high, high * 2);
        }

        while (high > low * (1 + 1e-4))
        {
            var middle = Math.Sqrt(low * high);
            if (Fits(middle)) high = middle;
            else low = middle;
        }

        return high;
    }
}
