using MathNet.Numerics.Distributions;
using PersonaTune.Privacy.Accounting;

namespace PersonaTune.Privacy.Tests.Accounting;

/// <summary>
/// An exact accountant for repetitions of one mechanism, from closed formulas of the literature: the second implementation against which
/// calibration is shown to be independent of the accountant.
/// </summary>
internal sealed class SingleMechanismAccountant : IPrivacyAccountant
{
    private PrivacyEvent? _mechanism;
    private long _count;

    public NeighbouringRelation Relation => NeighbouringRelation.AddOrRemoveOne;

    // Known exactly: k-fold Gaussian; k-fold discrete Laplace of sensitivity 1, whose loss is a or -a; Laplace once.
    public bool Supports(PrivacyEvent privacyEvent) =>
        privacyEvent is GaussianEvent or DiscreteLaplaceEvent { Sensitivity: 1 } or LaplaceEvent;

    public IPrivacyAccountant Compose(PrivacyEvent privacyEvent, long count = 1)
    {
        if (privacyEvent is SelfComposedEvent repeated) return Compose(repeated.Event, count * repeated.Count);
        if (!Supports(privacyEvent) || _mechanism is not null || (privacyEvent is LaplaceEvent && count != 1))
            throw new NotSupportedException($"this accountant of tests knows one mechanism only, not {privacyEvent} {count} times");
        (_mechanism, _count) = (privacyEvent, count);
        return this;
    }

    public double GetDelta(double epsilon) => _mechanism switch
    {
        // Balle and Wang 2018, theorem 5, with sensitivity sqrt(k).
        GaussianEvent gaussian => Gaussian(gaussian.NoiseMultiplier / Math.Sqrt(_count), epsilon),
        DiscreteLaplaceEvent laplace =>
            AdvancedComposition.GetDelta(new EpsilonDeltaEvent(laplace.NoiseParameter, 0), (int)_count, epsilon),
        LaplaceEvent laplace => Math.Max(0, 1 - Math.Exp((epsilon - (1 / laplace.NoiseMultiplier)) / 2)),
        _ => 0,
    };

    public double GetEpsilon(double delta)
    {
        if (delta == 0 && _mechanism is GaussianEvent) return double.PositiveInfinity;
        var (low, high) = (0.0, 1.0);
        while (GetDelta(high) > delta)
        {
            high *= 2;
            if (high > 1e6) return double.PositiveInfinity;
        }

        for (var i = 0; i < 60; i++)
        {
            var middle = (low + high) / 2;
            if (GetDelta(middle) <= delta) high = middle;
            else low = middle;
        }

        return high;
    }

    private static double Gaussian(double sigma, double epsilon)
    {
        var upper = Normal.CDF(0, 1, (0.5 / sigma) - (epsilon * sigma));
        return Math.Max(0, upper - (Math.Exp(epsilon) * Normal.CDF(0, 1, (-0.5 / sigma) - (epsilon * sigma))));
    }
}
