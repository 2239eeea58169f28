using System.Diagnostics.CodeAnalysis;
using Analysis = (PersonaTune.Privacy.Accounting.PrivacyLossDistribution? Released,
    PersonaTune.Privacy.Accounting.UnsupportedEventException? Refusal);

namespace PersonaTune.Privacy.Accounting;

/// <summary>Finds the privacy-loss distribution of an event under a relation, or says why there is none.</summary>
internal sealed class PldEventAnalysis
{
    private const string OtherAccountant = "use the RDP accountant";
    private readonly NeighbouringRelation relation;
    private readonly PldGrid grid;

    private PldEventAnalysis(NeighbouringRelation relation, PldGrid grid) => (this.relation, this.grid) = (relation, grid);

    public static bool TryAnalyse(
        PrivacyEvent privacyEvent, NeighbouringRelation relation, PldGrid grid,
        [NotNullWhen(true)] out PrivacyLossDistribution? released, [NotNullWhen(false)] out UnsupportedEventException? refusal)
    {
        (released, refusal) = new PldEventAnalysis(relation, grid).Analyse(privacyEvent);
        return released is not null;
    }

    private Analysis Analyse(PrivacyEvent privacyEvent)
    {
        switch (privacyEvent)
        {
            case NoEvent: return Released(PrivacyLossDistribution.Identity(grid));
            case NonPrivateEvent: return Released(PrivacyLossDistribution.NonPrivate(grid));
            case SelfComposedEvent repeated:
                var once = Analyse(repeated.Event);
                return (once.Released?.SelfCompose(repeated.Count), once.Refusal);
            case ComposedEvent composed: return AnalyseAll(composed.Events);
            case EpsilonDeltaEvent e: return Released(PrivacyLossDistribution.EpsilonDelta(e.Epsilon, e.Delta, grid));

            // Any epsilon-private mechanism is randomized response at worst.
            case ExponentialMechanismEvent e: return Released(PrivacyLossDistribution.EpsilonDelta(e.Epsilon, 0, grid));

            // Permute-and-flip is report-noisy-max with exponential noise (Ding, Kifer, Sayed, Steinke, Wang, Xiao and Zhang 2021);
            // whether a set of candidates wins compares two exponential variables, whose difference is Laplace with scale 1/epsilon.
            case PermuteAndFlipEvent { Epsilon: 0 }: return Released(PrivacyLossDistribution.Identity(grid));
            case PermuteAndFlipEvent e: return Released(PrivacyLossDistribution.Laplace(1, e.Epsilon, grid));
            case GaussianEvent { NoiseMultiplier: 0 }: return Released(PrivacyLossDistribution.NonPrivate(grid));
            case GaussianEvent e: return Released(PrivacyLossDistribution.Gaussian(e.NoiseMultiplier, 1, grid));
            case RandomizedResponseEvent e: return AnalyseResponse(e);
            case PoissonSampledEvent e: return AnalyseSampled(e);
            case TruncatedSubsampledGaussianEvent { SamplingProbability: > 0, TruncatedBatchSize: > 0, NoiseMultiplier: 0 }:
                return Released(PrivacyLossDistribution.NonPrivate(grid));
            case TruncatedSubsampledGaussianEvent { NoiseMultiplier: 0 }: return Released(PrivacyLossDistribution.Identity(grid));
            case TruncatedSubsampledGaussianEvent e:
                return Released(PrivacyLossDistribution.TruncatedSampledGaussian(
                    e.DatasetSize, e.SamplingProbability, e.TruncatedBatchSize, e.NoiseMultiplier, relation, grid));
            case LaplaceEvent or DiscreteLaplaceEvent or DiscreteGaussianEvent or MixtureOfGaussiansEvent:
                return AnalyseAdditive(privacyEvent, 1);
            default:
                return Refuse(privacyEvent, "its privacy-loss distribution is not known to this library", OtherAccountant);
        }
    }

    private Analysis AnalyseAll(IEnumerable<PrivacyEvent> events)
    {
        var all = PrivacyLossDistribution.Identity(grid);
        foreach (var one in events)
        {
            var (released, refusal) = Analyse(one);
            if (released is null) return (null, refusal);
            all = all.Compose(released);
        }
        return Released(all);
    }

    private Analysis AnalyseResponse(RandomizedResponseEvent e)
    {
        if (relation == NeighbouringRelation.AddOrRemoveOne)
            return Refuse(e, "nobody answers for a missing record", "account under a replacement relation");
        if (e.Buckets == 1) return Released(PrivacyLossDistribution.Identity(grid));
        return Released(e.NoiseParameter == 0
            ? PrivacyLossDistribution.NonPrivate(grid)
            : PrivacyLossDistribution.RandomizedResponse(e.NoiseParameter, e.Buckets, relation, grid));
    }

    private Analysis AnalyseSampled(PoissonSampledEvent e)
    {
        var q = e.SamplingProbability;
        if (ShiftOf(e.Event) is { } shift)
        {
            if (q == 0 || shift == 0) return Released(PrivacyLossDistribution.Identity(grid));
            return Released(double.IsInfinity(shift)
                ? PrivacyLossDistribution.NonPrivate(grid)
                : PrivacyLossDistribution.SampledGaussian(1 / shift, q, 1, relation, grid));
        }
        if (e.Event is LaplaceEvent or DiscreteLaplaceEvent or DiscreteGaussianEvent) return AnalyseAdditive(e.Event, q);
        return Refuse(e, "sampling is analysed for Gaussian, Laplace and discrete noise only", OtherAccountant);
    }

    /// <summary>
    /// 1 / noise multiplier of Gaussian mechanisms on the same sample, which are one Gaussian mechanism on it; null for anything else.
    /// </summary>
    private static double? ShiftOf(PrivacyEvent privacyEvent) => privacyEvent switch
    {
        NoEvent => 0,
        GaussianEvent e => 1 / e.NoiseMultiplier,
        SelfComposedEvent { Count: 0 } => 0,
        SelfComposedEvent e => Math.Sqrt(e.Count) * ShiftOf(e.Event),
        ComposedEvent e => e.Events.Select(ShiftOf).Aggregate(
            (double?)0, (sum, shift) => sum * sum + shift * shift is { } square ? Math.Sqrt(square) : null),
        _ => null,
    };

    private Analysis AnalyseAdditive(PrivacyEvent e, double q)
    {
        if (relation == NeighbouringRelation.ReplaceOne)
            return Refuse(
                e, "its sensitivity is that of adding or removing a record", "account under add-or-remove-one or replace-special");
        switch (e)
        {
            case LaplaceEvent laplace:
                return Released(PrivacyLossDistribution.SampledLaplace(laplace.NoiseMultiplier, q, 1, grid));
            case DiscreteLaplaceEvent laplace:
                return Released(PrivacyLossDistribution.SampledDiscreteLaplace(laplace.NoiseParameter, q, laplace.Sensitivity, grid));
            case MixtureOfGaussiansEvent mixture:
                return Released(PrivacyLossDistribution.MixtureOfGaussians(
                    mixture.StandardDeviation, mixture.Sensitivities, mixture.SamplingProbabilities, grid));
            case DiscreteGaussianEvent { Dimension: 1 } gaussian when IsWhole(gaussian.Sensitivity):
                return Released(PrivacyLossDistribution.SampledDiscreteGaussian(gaussian.Sigma, q, (int)gaussian.Sensitivity, grid));
            default:
                return Refuse(e, "only one coordinate with a whole sensitivity is known to dominate", OtherAccountant);
        }
    }

    private static bool IsWhole(double sensitivity) => sensitivity is >= 1 and <= 1 << 20 && Math.Floor(sensitivity) == sensitivity;

    private static Analysis Released(PrivacyLossDistribution released) => (released, null);

    private Analysis Refuse(PrivacyEvent e, string reason, string nextAction) =>
        (null, new("the PLD accountant", e, relation, reason, nextAction));
}
