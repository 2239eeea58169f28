using PersonaTune.Privacy.Accounting;
using PersonaTune.Privacy.Sealing;

namespace PersonaTune.Privacy.Tests.Budget;

public sealed class PrivacyEventCodecTests
{
    private static readonly PrivacyEvent[] Events =
    [
        new NoEvent(), new NonPrivateEvent(), new GaussianEvent(1.1), new LaplaceEvent(0.5), new DiscreteGaussianEvent(8, 1, 3),
        new DiscreteLaplaceEvent(0.3, 2), new SkellamEvent(1e4, 100, 10), new RandomizedResponseEvent(0.5, 4), new EpsilonDeltaEvent(0.5, 1e-7),
        new ZcdpEvent(0.1, 0.01), new DistributedDiscreteGaussianEvent(50, 100, 10, 1024, 1e-9), new ExponentialMechanismEvent(0.5), new PermuteAndFlipEvent(0.25), new PoissonSampledEvent(0.01, new GaussianEvent(1)),
        new SampledWithoutReplacementEvent(10_000, 100, new GaussianEvent(2)), new TruncatedSubsampledGaussianEvent(10_000, 0.01, 150, 1),
        new MixtureOfGaussiansEvent(1, [0, 1, 2], [0.9, 0.09, 0.01]), new TreeAggregationEvent(6, [100, 100]),
        new RepeatAndSelectEvent(new GaussianEvent(4).Times(3), 20, double.PositiveInfinity), new PoissonSampledEvent(0.02, new LaplaceEvent(1)).Times(1000),
        new ComposedEvent([new GaussianEvent(1), new ComposedEvent([new NoEvent(), new LaplaceEvent(2)]), new ZcdpEvent(0.2, 0)]),
    ];

    public static TheoryData<int> Indices() => [.. Enumerable.Range(0, Events.Length)];

    [Theory]
    [MemberData(nameof(Indices))]
    public void An_event_comes_back_as_it_was(int index)
    {
        var encoded = PrivacyEventCodec.Encode(Events[index]);
        var decoded = PrivacyEventCodec.Decode(encoded);
        Assert.Equal(Events[index].GetType(), decoded.GetType());
        Assert.Equal(encoded, PrivacyEventCodec.Encode(decoded));
        Assert.Equal(Events[index], decoded);
    }

    [Fact]
    public void Different_events_have_different_bytes() =>
        Assert.Equal(Events.Length, Events.Select(e => Convert.ToHexString(PrivacyEventCodec.Encode(e))).Distinct(StringComparer.Ordinal).Count());

    [Fact]
    public void Every_event_kind_of_the_library_is_encoded() => Assert.Equal(
        typeof(PrivacyEvent).Assembly.GetTypes().Where(t => t.IsSubclassOf(typeof(PrivacyEvent))).Select(t => t.Name).Order(StringComparer.Ordinal),
        Events.Select(e => e.GetType().Name).Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal));

    [Theory]
    [MemberData(nameof(Indices))]
    public void A_truncated_or_prolonged_encoding_is_refused(int index)
    {
        var encoded = PrivacyEventCodec.Encode(Events[index]);
        for (var length = 0; length < encoded.Length; length++) Assert.Throws<TamperedException>(() => PrivacyEventCodec.Decode(encoded.AsSpan(0, length)));
        Assert.Throws<TamperedException>(() => PrivacyEventCodec.Decode([.. encoded, 0]));
    }

    [Fact]
    public void A_mutated_encoding_gives_an_event_or_the_typed_error()
    {
        var random = new Random(1);
        for (var i = 0; i < 20_000; i++)
        {
            var encoded = PrivacyEventCodec.Encode(Events[random.Next(Events.Length)]);
            for (var n = random.Next(1, 4); n > 0; n--) encoded[random.Next(encoded.Length)] = (byte)random.Next(256);
            try
            {
                // One encoding a value: what decodes has exactly these bytes.
                Assert.Equal(encoded, PrivacyEventCodec.Encode(PrivacyEventCodec.Decode(encoded)));
            }
            catch (TamperedException)
            {
                continue;
            }
        }
    }

    [Fact]
    public void A_count_beyond_the_bytes_and_a_bottomless_nesting_are_refused()
    {
        var composed = PrivacyEventCodec.Encode(new ComposedEvent([]));
        composed[1] = composed[2] = composed[3] = 0xff;
        composed[4] = 0x7f;
        Assert.Throws<TamperedException>(() => PrivacyEventCodec.Decode(composed));
        var step = PrivacyEventCodec.Encode(new NoEvent().Times(1))[..^1];
        Assert.Throws<TamperedException>(() => PrivacyEventCodec.Decode([.. Enumerable.Repeat(step, 10_000).SelectMany(b => b), 0]));
        PrivacyEvent deep = new NoEvent();
        for (var i = 0; i <= PrivacyEventCodec.MaxDepth; i++) deep = deep.Times(1);
        Assert.Throws<ArgumentException>(() => PrivacyEventCodec.Encode(deep));
    }
}
