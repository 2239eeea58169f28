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

    public double SamplingRate => (double)Cohort / Population;

    public NeighbouringRelation Relation => FixedSize ? NeighbouringRelation.ReplaceOne : NeighbouringRelation.AddOrRemoveOne;

    /// <summary>
    /// A round whose noise has <paramref name="sigma"/> clip norms of standard deviation. Exchanging one user moves a sum by two clip norms, adding or
    /// removing one by one, and events count noise in what the sum can move.
    /// </summary>
    public PrivacyEvent Event(double sigma) => FixedSize
        ? new SampledWithoutReplacementEvent(Population, Cohort, new GaussianEvent(sigma / 2))
        : Cohort == Population ? new GaussianEvent(sigma) : new PoissonSampledEvent(SamplingRate, new GaussianEvent(sigma));

    public TwoBounds Account(double sigma, long rounds, double delta) => TwoBounds.Account(Relation, Event(sigma), rounds, delta);

    /// <summary>The most rounds within epsilon; 0 if not even one fits.</summary>
    public long Rounds(double sigma, double epsilon, double delta) =>
        (long)MechanismCalibration.LargestCount(Accountant, Event(sigma), new EpsilonDeltaEvent(epsilon, delta), MostRounds).Value;

    /// <summary>The least noise multiplier for which the rounds stay within epsilon, to 1e-4.</summary>
    /// <exception cref="CalibrationException">No noise is enough.</exception>
    public double Sigma(long rounds, double epsilon, double delta) =>
        MechanismCalibration.SmallestNoise(Accountant, sigma => Event(sigma).Times(rounds), new EpsilonDeltaEvent(epsilon, delta), 1e-4).Value;

    private BestBoundAccountant Accountant() =>
        new((AccountingBound.LossDistribution, new PldAccountant(Relation)), (AccountingBound.Renyi, new RdpAccountant(Relation)));
}
