using PersonaTune.Privacy.Accounting;
using PersonaTune.Privacy.Mechanisms;
using PersonaTune.Protocol.Tasks;

namespace PersonaTune.Device.Federation;

/// <summary>
/// What a task costs a user, computed on the device from the signed terms; the operator's claim is not believed. The relation is one device added or removed. Thread-safe.
/// </summary>
public static class TaskCost
{
    /// <summary>The relation of all events here.</summary>
    public const NeighbouringRelation Relation = NeighbouringRelation.AddOrRemoveOne;

    /// <summary>
    /// What one participation releases, without amplification by sampling: the device knows that it took part. Null without differential privacy.
    /// </summary>
    public static PrivacyEvent? RoundEvent(TaskDefinition task)
    {
        ArgumentNullException.ThrowIfNull(task);
        if (task.Privacy.Kind == PrivacyKind.None) return null;
        if (task.Privacy.Kind != PrivacyKind.Distributed) return new GaussianEvent(task.Privacy.NoiseMultiplier);
        var encoder = new UpdateEncoder(RoundExpectation.Encoding(task));
        var honest = task.Cohorts.MinimumCohort - (int)((long)task.Cohorts.CorruptPpm * task.Cohorts.CohortSize / 1_000_000);
        var share = task.Privacy.NoiseMultiplier * encoder.L2Bound / Math.Sqrt(Math.Max(1, honest)) / task.Encoding.Scale;
        var noise = new DistributedNoise(Math.Max(1, honest), encoder.PaddedDimension, share, task.Encoding.Clip, task.Encoding.Scale, task.Encoding.Beta);
        return task.Privacy.Law == NoiseLaw.Skellam ? noise.AsSkellam() : noise.AsDiscreteGaussian();
    }

    /// <summary>Epsilon of one participation at the task's delta, without amplification; infinite without differential privacy.</summary>
    public static double RoundEpsilon(TaskDefinition task)
    {
        ArgumentNullException.ThrowIfNull(task);
        return RoundEvent(task) is { } once ? Accountant().Compose(once, 1).GetEpsilon(task.Privacy.Delta) : double.PositiveInfinity;
    }

    /// <summary>
    /// Epsilon of all rounds at the task's delta, if the device takes part whenever its coin lets it; infinite without differential privacy. The device's own coin amplifies, because
    /// nobody else sees it before the device checks in; what the aggregator learns by the check-in is not covered.
    /// </summary>
    public static double Epsilon(TaskDefinition task)
    {
        ArgumentNullException.ThrowIfNull(task);
        if (RoundEvent(task) is not { } once) return double.PositiveInfinity;
        var accountant = Accountant();
        if (task.Privacy.SamplingRate < 1 && task.Privacy.Kind != PrivacyKind.Local)
        {
            var sampled = new PoissonSampledEvent(task.Privacy.SamplingRate, once);
            if (accountant.Supports(sampled)) once = sampled;
        }

        return accountant.Compose(once, task.Rounds).GetEpsilon(task.Privacy.Delta);
    }

    /// <summary>The better of both bounds.</summary>
    public static IPrivacyAccountant Accountant() => new BestBoundAccountant(
        (AccountingBound.LossDistribution, new PldAccountant(Relation)), (AccountingBound.Renyi, new RdpAccountant(Relation)));
}
