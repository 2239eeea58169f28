namespace PersonaTune.Privacy.Accounting;

/// <summary>Which events have a Rényi curve under a relation, and the curve of each.</summary>
internal sealed class RenyiAnalysis(NeighbouringRelation relation)
{
    private const string Accountant = "the RDP accountant";
    private const string UseAnother = "compose it with a privacy-loss-distribution accountant";

    /// <summary>Null if the event can be analysed, otherwise the exception that says why it cannot.</summary>
    public UnsupportedEventException? Refusal(PrivacyEvent privacyEvent) => privacyEvent switch
    {
        SelfComposedEvent repeated => Refusal(repeated.Event),
        ComposedEvent composed => composed.Events.Select(Refusal).FirstOrDefault(refusal => refusal is not null),
        PoissonSampledEvent sampled => PoissonRefusal(sampled),
        SampledWithoutReplacementEvent sampled => FixedSizeRefusal(sampled),
        RepeatAndSelectEvent selected => HasDelta(selected.Event)
            ? RefuseDelta(selected)
            : Refusal(selected.Event),
        TreeAggregationEvent when relation != NeighbouringRelation.ReplaceSpecial => Refuse(
            privacyEvent, "the analysis holds for ReplaceSpecial only", "use an accountant for ReplaceSpecial"),
        RandomizedResponseEvent when relation == NeighbouringRelation.AddOrRemoveOne => Refuse(
            privacyEvent, "a local answer cannot be added or removed", "use an accountant for ReplaceOne or ReplaceSpecial"),
        TruncatedSubsampledGaussianEvent or MixtureOfGaussiansEvent => Refuse(privacyEvent, "its Rényi curve is not known", UseAnother),
        NoEvent or NonPrivateEvent or EpsilonDeltaEvent or GaussianEvent or LaplaceEvent or DiscreteGaussianEvent or DiscreteLaplaceEvent
            or SkellamEvent or DistributedDiscreteGaussianEvent or ZcdpEvent or ExponentialMechanismEvent or PermuteAndFlipEvent
            or TreeAggregationEvent or RandomizedResponseEvent => null,
        null => throw new ArgumentNullException(nameof(privacyEvent)),
        _ => Refuse(privacyEvent, "this type of event is unknown to it", UseAnother),
    };

    /// <summary>Adds the event, count times, to the curve, and log(1 - delta) to <paramref name="logNoFailure"/>.</summary>
    public void Add(PrivacyEvent privacyEvent, double count, double[] orders, double[] curve, ref double logNoFailure)
    {
        if (count == 0) return;
        switch (privacyEvent)
        {
            case SelfComposedEvent repeated:
                Add(repeated.Event, count * repeated.Count, orders, curve, ref logNoFailure);
                return;
            case ComposedEvent composed:
                foreach (var part in composed.Events) Add(part, count, orders, curve, ref logNoFailure);
                return;
            case EpsilonDeltaEvent stated:
                logNoFailure += count * LogDomain.Log1P(-stated.Delta);
                break;
        }

        var single = Single(privacyEvent, orders);
        for (var i = 0; i < curve.Length; i++)
            if (single[i] != 0) curve[i] += count * single[i];
    }

    private double[] Single(PrivacyEvent privacyEvent, double[] orders) => privacyEvent switch
    {
        NoEvent => new double[orders.Length],
        NonPrivateEvent => Array.ConvertAll(orders, _ => double.PositiveInfinity),
        EpsilonDeltaEvent stated => RenyiClosedForm.Pure(stated.Epsilon, orders),
        GaussianEvent gaussian => RenyiClosedForm.Gaussian(gaussian.NoiseMultiplier, orders),
        LaplaceEvent laplace => RenyiClosedForm.Laplace(1 / laplace.NoiseMultiplier, orders),
        // As in dp_accounting: the loss of permute-and-flip has the distribution of a Laplace mechanism of the same epsilon.
        PermuteAndFlipEvent selected => RenyiClosedForm.Laplace(selected.Epsilon, orders),
        DiscreteLaplaceEvent laplace => RenyiClosedForm.DiscreteLaplace(laplace.NoiseParameter, laplace.Sensitivity, orders),
        // Canonne, Kamath and Steinke 2020, proposition 5, summed over the coordinates: never more than the Gaussian.
        DiscreteGaussianEvent gaussian => RenyiClosedForm.Gaussian(gaussian.Sigma / gaussian.Sensitivity, orders),
        DistributedDiscreteGaussianEvent sum => RenyiClosedForm.DistributedDiscreteGaussian(
            sum.L1Sensitivity / sum.Sigma, sum.L2Sensitivity / sum.Sigma, sum.Tau, sum.Dimension, orders),
        SkellamEvent skellam => RenyiClosedForm.Skellam(skellam.Variance, skellam.L1Sensitivity, skellam.L2Sensitivity, orders),
        ZcdpEvent concentrated => RenyiClosedForm.Concentrated(concentrated.Rho, concentrated.Xi, orders),
        ExponentialMechanismEvent exponential => RenyiClosedForm.ExponentialMechanism(exponential.Epsilon, orders),
        RandomizedResponseEvent response => relation == NeighbouringRelation.ReplaceOne
            ? RenyiClosedForm.RandomizedResponseReplaceOne(response.NoiseParameter, response.Buckets, orders)
            : RenyiClosedForm.RandomizedResponseReplaceSpecial(response.NoiseParameter, response.Buckets, orders),
        TreeAggregationEvent tree => RenyiClosedForm.TreeAggregation(tree.NoiseMultiplier, tree.StepCounts, orders),
        RepeatAndSelectEvent selected =>
            RenyiRepeatAndSelect.Curve(selected.Mean, selected.Shape, Inner(selected.Event, orders), orders),
        SampledWithoutReplacementEvent sampled => RenyiCurveCache.FixedSizeSampledGaussian(
            (double)sampled.SampleSize / sampled.SourceSize, Sigma(GaussianPrecision(sampled.Event)!.Value), orders),
        PoissonSampledEvent sampled => GaussianPrecision(sampled.Event) is { } precision
            ? RenyiCurveCache.PoissonSampledGaussian(sampled.SamplingProbability, Sigma(precision), orders)
            : RenyiPoissonSampling.Curve(sampled.SamplingProbability, inner => Inner(sampled.Event, inner), orders),
        _ => throw new InvalidOperationException($"{privacyEvent.GetType().Name} passed Refusal but has no curve; add it to Single"),
    };

    private double[] Inner(PrivacyEvent privacyEvent, double[] orders)
    {
        var curve = new double[orders.Length];
        var logNoFailure = 0.0;
        Add(privacyEvent, 1, orders, curve, ref logNoFailure);
        return curve;
    }

    private UnsupportedEventException? PoissonRefusal(PoissonSampledEvent sampled)
    {
        if (relation == NeighbouringRelation.ReplaceOne)
        {
            return Refuse(sampled, "Poisson sampling is analysed for a record added, removed or replaced by a special one",
                "use an accountant for AddOrRemoveOne, or a fixed-size sample");
        }

        if (GaussianPrecision(sampled.Event) is not null) return null;
        if (relation != NeighbouringRelation.AddOrRemoveOne)
        {
            return Refuse(sampled, "samples of anything but Gaussian mechanisms are analysed for AddOrRemoveOne only",
                "use an accountant for AddOrRemoveOne");
        }

        return HasDelta(sampled.Event)
            ? RefuseDelta(sampled)
            : Refusal(sampled.Event);
    }

    private UnsupportedEventException? FixedSizeRefusal(SampledWithoutReplacementEvent sampled)
    {
        if (relation != NeighbouringRelation.ReplaceOne)
            return Refuse(sampled, "fixed-size samples are analysed for ReplaceOne only", "use an accountant for ReplaceOne");
        return GaussianPrecision(sampled.Event) is null
            ? Refuse(sampled, "its inner event is not a composition of Gaussian mechanisms", "describe it by Gaussian events")
            : null;
    }

    private UnsupportedEventException RefuseDelta(PrivacyEvent privacyEvent) => Refuse(
        privacyEvent, "its inner event has a delta of its own", "describe the inner event by a mechanism instead of (epsilon, delta)");

    private UnsupportedEventException Refuse(PrivacyEvent privacyEvent, string reason, string nextAction) =>
        new(Accountant, privacyEvent, relation, reason, nextAction);

    /// <summary>
    /// 1 / sigma^2 if the event is one Gaussian mechanism in disguise (several on the same data are, with their precisions added),
    /// otherwise null.
    /// </summary>
    private static double? GaussianPrecision(PrivacyEvent privacyEvent) => privacyEvent switch
    {
        NoEvent => 0,
        GaussianEvent gaussian => 1 / (gaussian.NoiseMultiplier * gaussian.NoiseMultiplier),
        SelfComposedEvent repeated => repeated.Count == 0 ? 0 : repeated.Count * GaussianPrecision(repeated.Event),
        ComposedEvent composed => composed.Events.Aggregate((double?)0, (sum, part) => sum + GaussianPrecision(part)),
        _ => null,
    };

    private static double Sigma(double precision) => 1 / Math.Sqrt(precision);

    private static bool HasDelta(PrivacyEvent privacyEvent) => privacyEvent switch
    {
        EpsilonDeltaEvent stated => stated.Delta > 0,
        SelfComposedEvent repeated => HasDelta(repeated.Event),
        ComposedEvent composed => composed.Events.Any(HasDelta),
        PoissonSampledEvent sampled => HasDelta(sampled.Event),
        RepeatAndSelectEvent selected => HasDelta(selected.Event),
        _ => false,
    };
}
