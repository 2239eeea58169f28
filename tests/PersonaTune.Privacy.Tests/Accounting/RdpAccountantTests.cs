using FsCheck;
using FsCheck.Fluent;
using PersonaTune.Privacy.Accounting;

namespace PersonaTune.Privacy.Tests.Accounting;

public class RdpAccountantTests
{
    private static readonly PrivacyEvent Training = new PoissonSampledEvent(0.01, new GaussianEvent(1.1)).Times(100);

    private static RdpAccountant New(NeighbouringRelation relation = NeighbouringRelation.AddOrRemoveOne) => new(relation);

    // Defect 4: conventions mixed in one accountant. What holds for one relation is refused under another, with a way out.
    public static TheoryData<NeighbouringRelation, PrivacyEvent> WrongRelations() => new()
    {
        { NeighbouringRelation.ReplaceOne, new PoissonSampledEvent(0.1, new GaussianEvent(1)) },
        { NeighbouringRelation.ReplaceOne, new PoissonSampledEvent(0.1, new LaplaceEvent(1)) },
        { NeighbouringRelation.ReplaceSpecial, new PoissonSampledEvent(0.1, new LaplaceEvent(1)) },
        { NeighbouringRelation.AddOrRemoveOne, new SampledWithoutReplacementEvent(100, 10, new GaussianEvent(1)) },
        { NeighbouringRelation.ReplaceSpecial, new SampledWithoutReplacementEvent(100, 10, new GaussianEvent(1)) },
        { NeighbouringRelation.ReplaceOne, new SampledWithoutReplacementEvent(100, 10, new LaplaceEvent(1)) },
        { NeighbouringRelation.AddOrRemoveOne, new TreeAggregationEvent(1, [8]) },
        { NeighbouringRelation.ReplaceOne, new TreeAggregationEvent(1, [8]) },
        { NeighbouringRelation.AddOrRemoveOne, new RandomizedResponseEvent(0.5, 4) },
        { NeighbouringRelation.AddOrRemoveOne, new TruncatedSubsampledGaussianEvent(100, 0.1, 20, 1) },
        { NeighbouringRelation.AddOrRemoveOne, new MixtureOfGaussiansEvent(1, [0, 1], [0.5, 0.5]) },
        { NeighbouringRelation.AddOrRemoveOne, new RepeatAndSelectEvent(new EpsilonDeltaEvent(1, 1e-6), 10, 1) },
        { NeighbouringRelation.AddOrRemoveOne, new PoissonSampledEvent(0.1, new EpsilonDeltaEvent(1, 1e-6)) },
        { NeighbouringRelation.ReplaceOne, new ComposedEvent([new GaussianEvent(1), new TreeAggregationEvent(1, [8]).Times(2)]) },
    };

    [Theory]
    [MemberData(nameof(WrongRelations))]
    public void An_event_that_cannot_be_analysed_under_the_relation_is_refused_and_leaves_no_trace(
        NeighbouringRelation relation, PrivacyEvent privacyEvent)
    {
        var accountant = New(relation).Compose(new GaussianEvent(2));
        var before = accountant.GetEpsilon(1e-5);
        Assert.False(accountant.Supports(privacyEvent));
        var refusal = Assert.Throws<UnsupportedEventException>(() => accountant.Compose(privacyEvent));
        Assert.Equal(relation, refusal.Relation);
        Assert.Contains(refusal.Event.GetType().Name, refusal.Message, StringComparison.Ordinal);
        Assert.Contains(relation.ToString(), refusal.Message, StringComparison.Ordinal);
        Assert.EndsWith(refusal.NextAction, refusal.Message, StringComparison.Ordinal);
        Assert.Equal(before, accountant.GetEpsilon(1e-5));
    }

    [Fact]
    public void A_foreign_event_is_refused()
    {
        var refusal = Assert.Throws<UnsupportedEventException>(() => New().Compose(new ForeignEvent()));
        Assert.IsType<ForeignEvent>(refusal.Event);
    }

    // Defect 1: self-composition that ignores its count.
    public static TheoryData<NeighbouringRelation, PrivacyEvent> EveryKind() => new()
    {
        { NeighbouringRelation.AddOrRemoveOne, new GaussianEvent(3) },
        { NeighbouringRelation.AddOrRemoveOne, new LaplaceEvent(3) },
        { NeighbouringRelation.AddOrRemoveOne, new DiscreteGaussianEvent(3, 1, 2) },
        { NeighbouringRelation.AddOrRemoveOne, new DiscreteLaplaceEvent(0.3, 2) },
        { NeighbouringRelation.AddOrRemoveOne, new SkellamEvent(100, 10, 4) },
        { NeighbouringRelation.AddOrRemoveOne, new DistributedDiscreteGaussianEvent(20, 10, 4, 16, 1e-6) },
        { NeighbouringRelation.AddOrRemoveOne, new ZcdpEvent(0.01, 0.001) },
        { NeighbouringRelation.AddOrRemoveOne, new EpsilonDeltaEvent(0.1, 1e-9) },
        { NeighbouringRelation.AddOrRemoveOne, new ExponentialMechanismEvent(0.5) },
        { NeighbouringRelation.AddOrRemoveOne, new PermuteAndFlipEvent(0.5) },
        { NeighbouringRelation.AddOrRemoveOne, new PoissonSampledEvent(0.1, new GaussianEvent(1)) },
        { NeighbouringRelation.AddOrRemoveOne, new PoissonSampledEvent(0.1, new LaplaceEvent(1)) },
        { NeighbouringRelation.AddOrRemoveOne, new RepeatAndSelectEvent(new GaussianEvent(8), 4, 1) },
        { NeighbouringRelation.AddOrRemoveOne, new NoEvent() },
        { NeighbouringRelation.ReplaceOne, new RandomizedResponseEvent(0.5, 4) },
        { NeighbouringRelation.ReplaceSpecial, new RandomizedResponseEvent(0.5, 4) },
        { NeighbouringRelation.ReplaceOne, new SampledWithoutReplacementEvent(1000, 10, new GaussianEvent(1)) },
        { NeighbouringRelation.ReplaceSpecial, new TreeAggregationEvent(6, [100, 3]) },
        { NeighbouringRelation.ReplaceSpecial, new PoissonSampledEvent(0.1, new GaussianEvent(1)) },
    };

    [Theory]
    [MemberData(nameof(EveryKind))]
    public void A_hundred_times_one_event_costs_what_a_list_of_a_hundred_costs(NeighbouringRelation relation, PrivacyEvent privacyEvent)
    {
        var list = New(relation).Compose(new ComposedEvent([.. Enumerable.Repeat(privacyEvent, 100)]));
        var repeated = New(relation).Compose(privacyEvent.Times(100));
        var counted = New(relation).Compose(privacyEvent, 100);
        var nested = New(relation).Compose(privacyEvent.Times(5).Times(10), 2);
        foreach (var other in (RdpAccountant[])[repeated, counted, nested])
        {
            Assert.Null(ReferenceCells.Differs(list.GetEpsilon(1e-5), other.GetEpsilon(1e-5), 1e-12));
            Assert.Null(ReferenceCells.Differs(list.GetDelta(1), other.GetDelta(1), 1e-9));
        }

        if (privacyEvent is not NoEvent) Assert.True(list.Curve[0] > 50 * New(relation).Compose(privacyEvent).Curve[0]);
    }

    [Fact]
    public void The_curve_is_additive()
    {
        var both = New().Compose(Training).Compose(new LaplaceEvent(4));
        var (first, second) = (New().Compose(Training), New().Compose(new LaplaceEvent(4)));
        for (var i = 0; i < both.Orders.Length; i++) Assert.Equal(first.Curve[i] + second.Curve[i], both.Curve[i], 12);
    }

    // Gaussians on one sample are one Gaussian with the precisions added, so 2 of multiplier sqrt(2) are 1 of multiplier 1.
    [Fact]
    public void Gaussians_on_the_same_sample_are_one_Gaussian()
    {
        var two = New().Compose(new PoissonSampledEvent(0.05, new GaussianEvent(Math.Sqrt(2)).Times(2)));
        var one = New().Compose(new PoissonSampledEvent(0.05, new GaussianEvent(1)));
        Assert.Equal(one.GetEpsilon(1e-6), two.GetEpsilon(1e-6), 12);
    }

    // A sample of a mechanism about which less is known cannot be bounded better than the Gaussian that it is.
    [Fact]
    public void The_generic_sampling_bound_lies_between_the_exact_sample_and_the_whole()
    {
        var exact = New().Compose(new PoissonSampledEvent(0.05, new GaussianEvent(1)), 10).GetEpsilon(1e-6);
        var generic = New().Compose(new PoissonSampledEvent(0.05, new ZcdpEvent(0.5, 0)), 10).GetEpsilon(1e-6);
        var whole = New().Compose(new GaussianEvent(1), 10).GetEpsilon(1e-6);
        Assert.InRange(generic, exact, whole);
        Assert.True(generic < 0.9 * whole);
    }

    [Fact]
    public void An_infinite_order_proves_pure_privacy()
    {
        var accountant = new RdpAccountant(NeighbouringRelation.AddOrRemoveOne, [2, 32, double.PositiveInfinity])
            .Compose(new LaplaceEvent(2), 4).Compose(new PoissonSampledEvent(0.5, new LaplaceEvent(1)));

        // 4 * 1/2, and log(1 + (e - 1) / 2) for the sample.
        var expected = 2 + Math.Log(1 + ((Math.E - 1) / 2));
        Assert.Equal(expected, accountant.GetEpsilon(0), 12);
        Assert.Equal(0, accountant.GetDelta(expected + 1e-9));
        Assert.Equal(double.PositiveInfinity, accountant.FindEpsilon(0).Order);
    }

    [Fact]
    public void Nothing_released_costs_nothing_and_no_noise_costs_everything()
    {
        Assert.Equal(0, New().GetEpsilon(0));
        Assert.Equal(0, New().GetDelta(0));
        Assert.Equal(0, New().Compose(new NonPrivateEvent(), 0).Compose(new GaussianEvent(0).Times(0)).GetEpsilon(1e-9));
        PrivacyEvent[] unprotected =
        [
            new NonPrivateEvent(), new GaussianEvent(0), new EpsilonDeltaEvent(0, 1),
            new PoissonSampledEvent(0.1, new GaussianEvent(0)), new PoissonSampledEvent(0.1, new NonPrivateEvent()),
        ];
        foreach (var open in unprotected)
        {
            var accountant = New().Compose(open);
            Assert.Equal(double.PositiveInfinity, accountant.GetEpsilon(0.5));
            Assert.Equal(1, accountant.GetDelta(10));
        }
    }

    [Fact]
    public void A_delta_smaller_than_the_deltas_stated_has_no_epsilon()
    {
        var accountant = New().Compose(new EpsilonDeltaEvent(0.1, 1e-6), 10);
        Assert.Equal(double.PositiveInfinity, accountant.GetEpsilon(9e-6));
        Assert.True(double.IsFinite(accountant.GetEpsilon(1.1e-5)));
        Assert.InRange(accountant.GetDelta(100), 9.99e-6, 1e-5);
    }

    // Converting there and back cannot gain: delta(epsilon(delta)) is delta or less, up to rounding.
    [Fact]
    public void Epsilon_and_delta_are_inverse_and_monotone()
    {
        Prop.ForAll(
            Gen.Choose(1, 12).Zip(Gen.Choose(5, 50)).ToArbitrary(),
            pair =>
            {
                var delta = Math.Pow(10, -pair.Item1);
                RdpAccountant Training(double sigma) => New().Compose(new PoissonSampledEvent(0.02, new GaussianEvent(sigma)), 200);
                var accountant = Training(pair.Item2 / 10.0);
                var epsilon = accountant.GetEpsilon(delta);
                return accountant.GetDelta(epsilon) <= delta * (1 + 1e-9)
                    && accountant.GetEpsilon(delta / 10) >= epsilon
                    && accountant.GetDelta(epsilon + 0.5) <= accountant.GetDelta(epsilon)
                    && Training((pair.Item2 + 1) / 10.0).GetEpsilon(delta) <= epsilon;
            }).QuickCheckThrowOnFailure();
    }

    [Theory]
    [InlineData(-0.1)]
    [InlineData(1.1)]
    [InlineData(double.NaN)]
    public void A_delta_outside_0_to_1_is_refused(double delta) =>
        Assert.Throws<ArgumentOutOfRangeException>(() => New().GetEpsilon(delta));

    [Theory]
    [InlineData(-1)]
    [InlineData(double.NaN)]
    public void A_negative_epsilon_is_refused(double epsilon) =>
        Assert.Throws<ArgumentOutOfRangeException>(() => New().GetDelta(epsilon));

    [Theory]
    [InlineData(1.0)]
    [InlineData(0.5)]
    [InlineData(2e6)]
    [InlineData(double.NaN)]
    public void An_order_out_of_range_is_refused(double order) =>
        Assert.Throws<ArgumentException>(() => new RdpAccountant(NeighbouringRelation.AddOrRemoveOne, [2, order]));

    [Fact]
    public void Empty_orders_a_negative_count_and_an_unknown_relation_are_refused()
    {
        Assert.Throws<ArgumentException>(() => new RdpAccountant(NeighbouringRelation.AddOrRemoveOne, []));
        Assert.Throws<ArgumentOutOfRangeException>(() => New().Compose(new NoEvent(), -1));
        Assert.Throws<ArgumentOutOfRangeException>(() => New((NeighbouringRelation)7));
    }

    // dp_accounting's documented defaults: 1.1 to 10.9 by tenths, 11 to 63, 128, 256, 512, 1024.
    [Fact]
    public void The_default_orders_are_those_the_reference_tables_were_made_with()
    {
        Assert.Equal(99 + 53 + 4, RenyiOrders.Default.Count);
        Assert.Equal(1.1, RenyiOrders.Default[0]);
        Assert.Equal(10.9, RenyiOrders.Default[98]);
        var orders = RenyiOrders.Default;
        Assert.Equal([11, 63, 128, 1024], [orders[99], orders[151], orders[152], orders[155]]);
        var whole = RenyiOrders.WholeNumbers;
        Assert.Equal([2, 128, 256], [whole[0], whole[126], whole[127]]);
    }

    private sealed record ForeignEvent : PrivacyEvent;
}
