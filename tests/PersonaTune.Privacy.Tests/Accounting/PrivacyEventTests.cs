using PersonaTune.Privacy.Accounting;

namespace PersonaTune.Privacy.Tests.Accounting;

public class PrivacyEventTests
{
    private const double NaN = double.NaN;
    private const double Infinity = double.PositiveInfinity;

    private static readonly NoEvent Nothing = new();

    public static TheoryData<string, Action> Invalid() => new()
    {
        { "GaussianEvent: NoiseMultiplier is -1", () => new GaussianEvent(-1).Times(1) },
        { "GaussianEvent: NoiseMultiplier is NaN", () => new GaussianEvent(NaN).Times(1) },
        { "LaplaceEvent: NoiseMultiplier is 0", () => new LaplaceEvent(0).Times(1) },
        { "DiscreteGaussianEvent: Sigma is 0", () => new DiscreteGaussianEvent(0, 1, 1).Times(1) },
        { "DiscreteGaussianEvent: Sensitivity is -1", () => new DiscreteGaussianEvent(1, -1, 1).Times(1) },
        { "DiscreteGaussianEvent: Dimension is 0", () => new DiscreteGaussianEvent(1, 1, 0).Times(1) },
        { "DiscreteLaplaceEvent: NoiseParameter is 0", () => new DiscreteLaplaceEvent(0, 1).Times(1) },
        { "DiscreteLaplaceEvent: Sensitivity is 0", () => new DiscreteLaplaceEvent(1, 0).Times(1) },
        { "DistributedDiscreteGaussianEvent: Tau is -1", () => new DistributedDiscreteGaussianEvent(1, 1, 1, 1, -1).Times(1) },
        { "SkellamEvent: Variance is 0", () => new SkellamEvent(0, 1, 1).Times(1) },
        { "SkellamEvent: L1Sensitivity is Infinity", () => new SkellamEvent(1, Infinity, 1).Times(1) },
        { "SkellamEvent: L2Sensitivity is -1", () => new SkellamEvent(1, 1, -1).Times(1) },
        { "EpsilonDeltaEvent: Epsilon is Infinity", () => new EpsilonDeltaEvent(Infinity, 0).Times(1) },
        { "EpsilonDeltaEvent: Delta is 1.5", () => new EpsilonDeltaEvent(1, 1.5).Times(1) },
        { "ExponentialMechanismEvent: Epsilon is -1", () => new ExponentialMechanismEvent(-1).Times(1) },
        { "PermuteAndFlipEvent: Epsilon is NaN", () => new PermuteAndFlipEvent(NaN).Times(1) },
        { "ZcdpEvent: Rho is -1", () => new ZcdpEvent(-1, 0).Times(1) },
        { "ZcdpEvent: Xi is -1", () => new ZcdpEvent(0, -1).Times(1) },
        { "RandomizedResponseEvent: NoiseParameter is 2", () => new RandomizedResponseEvent(2, 2).Times(1) },
        { "RandomizedResponseEvent: Buckets is 0", () => new RandomizedResponseEvent(0.5, 0).Times(1) },
        { "PoissonSampledEvent: SamplingProbability is 1.1", () => new PoissonSampledEvent(1.1, Nothing).Times(1) },
        { "PoissonSampledEvent: Event is null", () => new PoissonSampledEvent(0.1, null!).Times(1) },
        { "SampledWithoutReplacementEvent: SampleSize is 11", () => new SampledWithoutReplacementEvent(10, 11, Nothing).Times(1) },
        { "SampledWithoutReplacementEvent: SourceSize is 0", () => new SampledWithoutReplacementEvent(0, 0, Nothing).Times(1) },
        { "SelfComposedEvent: Count is -1", () => Nothing.Times(-1) },
        { "ComposedEvent: Events is null", () => new ComposedEvent(null!).Times(1) },
        { "ComposedEvent: Events[1] is ", () => new ComposedEvent([Nothing, null!]).Times(1) },
        { "RepeatAndSelectEvent: Mean is 0.5", () => new RepeatAndSelectEvent(Nothing, 0.5, 1).Times(1) },
        { "RepeatAndSelectEvent: Mean is Infinity", () => new RepeatAndSelectEvent(Nothing, Infinity, 1).Times(1) },
        { "RepeatAndSelectEvent: Shape is NaN", () => new RepeatAndSelectEvent(Nothing, 2, NaN).Times(1) },
        { "TreeAggregationEvent: StepCounts is []", () => new TreeAggregationEvent(1, []).Times(1) },
        { "TreeAggregationEvent: StepCounts[1] is -3", () => new TreeAggregationEvent(1, [1, -3]).Times(1) },
        { "TruncatedSubsampledGaussianEvent: DatasetSize is 0", () => new TruncatedSubsampledGaussianEvent(0, 0.1, 1, 1).Times(1) },
        { "TruncatedBatchSize is -1", () => new TruncatedSubsampledGaussianEvent(1, 0.1, -1, 1).Times(1) },
        { "MixtureOfGaussiansEvent: StandardDeviation is 0", () => new MixtureOfGaussiansEvent(0, [1], [1]).Times(1) },
        { "MixtureOfGaussiansEvent: SamplingProbabilities is [0.5]", () => new MixtureOfGaussiansEvent(1, [0, 1], [0.5]).Times(1) },
        { "expected a sum of 1", () => new MixtureOfGaussiansEvent(1, [0, 1], [0.5, 0.4]).Times(1) },
    };

    [Theory]
    [MemberData(nameof(Invalid))]
    public void A_value_out_of_range_is_refused_by_name(string message, Action create) =>
        Assert.Contains(message, Assert.ThrowsAny<ArgumentException>(create).Message, StringComparison.Ordinal);

    [Fact]
    public void Events_compare_by_value_including_their_lists()
    {
        Assert.Equal(new ComposedEvent([new GaussianEvent(1), Nothing]), new ComposedEvent([new GaussianEvent(1), new NoEvent()]));
        Assert.NotEqual(new ComposedEvent([new GaussianEvent(1)]), new ComposedEvent([new GaussianEvent(2)]));
        Assert.Equal(new TreeAggregationEvent(1, [1, 2]).GetHashCode(), new TreeAggregationEvent(1, [1, 2]).GetHashCode());
        Assert.NotEqual(new TreeAggregationEvent(1, [1, 2]), new TreeAggregationEvent(1, [2, 1]));
        Assert.Equal(new MixtureOfGaussiansEvent(1, [0, 1], [0.5, 0.5]), new MixtureOfGaussiansEvent(1, [0, 1], [0.5, 0.5]));
    }

    [Fact]
    public void A_list_changed_afterwards_does_not_change_the_event()
    {
        List<int> counts = [3];
        var tree = new TreeAggregationEvent(1, counts);
        counts[0] = 99;
        Assert.Equal([3], tree.StepCounts);
        Assert.Contains("[3]", tree.ToString(), StringComparison.Ordinal);
    }

    // A pattern in RenyiAnalysis that misses a new event would fail here with InvalidOperationException instead of a typed refusal.
    [Fact]
    public void Every_reference_case_is_either_composed_or_refused()
    {
        foreach (var (privacyEvent, relation) in ReferenceEvents.Cases.Values)
        {
            var accountant = new RdpAccountant(relation);
            if (accountant.Supports(privacyEvent)) accountant.Compose(privacyEvent);
            else Assert.Throws<UnsupportedEventException>(() => accountant.Compose(privacyEvent));
        }
    }
}
