using PersonaTune.Privacy.Accounting;
using PersonaTune.Privacy.Budget;
using PersonaTune.Protocol.Tasks;

namespace PersonaTune.Aggregator.Aggregation;

/// <summary>
/// What a task's releases cost. Relation: one device added or removed (its report replaced by zero). Distributed noise is charged by the
/// cohort, whose sum the aggregator sees and which carries all of the noise; central noise is in the total sum; local noise in each report.
/// </summary>
/// <remarks>
/// A device's own coin (sampling rate q below 1) amplifies central and distributed guarantees against everybody who does not learn which devices took part;
/// the aggregator does learn it, so against the aggregator itself only the unamplified guarantee holds. Local noise is never amplified, because each report is seen.
/// </remarks>
internal static class TaskPrivacy
{
    public const NeighbouringRelation Relation = NeighbouringRelation.AddOrRemoveOne;

    /// <summary>What one published round costs; null without differential privacy.</summary>
    public static PrivacyEvent? Event(TaskDefinition task) => task.Privacy.Kind switch
    {
        PrivacyKind.None => null,
        PrivacyKind.Local => new GaussianEvent(task.Privacy.NoiseMultiplier),
        PrivacyKind.Central => Sampled(task, new GaussianEvent(task.Privacy.NoiseMultiplier)),
        _ => Sampled(task, Distributed(task)),
    };

    /// <summary>
    /// The same with a continuous Gaussian of the same multiplier in place of distributed integer noise, which loss distributions cannot analyse: for
    /// comparison only.
    /// </summary>
    public static PrivacyEvent? Idealized(TaskDefinition task) =>
        task.Privacy.Kind == PrivacyKind.Distributed ? Sampled(task, new GaussianEvent(task.Privacy.NoiseMultiplier)) : Event(task);

    /// <summary>The accountant that decides: the better of both bounds.</summary>
    public static IPrivacyAccountant Accountant(NeighbouringRelation relation) => new BestBoundAccountant(
        (AccountingBound.LossDistribution, new PldAccountant(relation)), (AccountingBound.Renyi, new RdpAccountant(relation)));

    /// <summary>The ledger's policy.</summary>
    public static PrivacyBudgetPolicy Policy(TaskDefinition task) => new()
    {
        Delta = task.Privacy.Delta,
        TotalEpsilon = task.Privacy.TotalEpsilon,
        Relation = Relation,
    };

    /// <summary>Epsilon of <paramref name="rounds"/> rounds by the better bound.</summary>
    public static double Epsilon(TaskDefinition task, long rounds) => Epsilon(Event(task), rounds, task.Privacy.Delta, Accountant(Relation));

    /// <summary>Epsilon of <paramref name="rounds"/> rounds by the Renyi accountant, and by loss distributions of <see cref="Idealized"/>.</summary>
    public static (double Renyi, double LossDistribution) BothEpsilons(TaskDefinition task, long rounds) => (
        Epsilon(Event(task), rounds, task.Privacy.Delta, new RdpAccountant(Relation)),
        Epsilon(Idealized(task), rounds, task.Privacy.Delta, new PldAccountant(Relation)));

    private static double Epsilon(PrivacyEvent? once, long rounds, double delta, IPrivacyAccountant accountant)
    {
        if (once is null || rounds == 0) return 0;
        return accountant.Compose(once, rounds).GetEpsilon(delta);
    }

    private static PrivacyEvent Sampled(TaskDefinition task, PrivacyEvent once)
    {
        if (!(task.Privacy.SamplingRate < 1)) return once;
        var sampled = new PoissonSampledEvent(task.Privacy.SamplingRate, once);
        // Where no accountant knows the sampled event, the unsampled one is an upper bound.
        return Accountant(Relation).Supports(sampled) ? sampled : once;
    }

    private static PrivacyEvent Distributed(TaskDefinition task)
    {
        var configuration = TaskEncoding.Configuration(task, 1);
        var noise = new DistributedNoise(
            TaskEncoding.GuaranteedHonest(task.Cohorts), configuration.Dimension, configuration.NoiseSigma / task.Encoding.Scale, task.Encoding.Clip,
            task.Encoding.Scale, task.Encoding.Beta);
        return task.Privacy.Law == NoiseLaw.Skellam ? noise.AsSkellam() : noise.AsDiscreteGaussian();
    }
}
