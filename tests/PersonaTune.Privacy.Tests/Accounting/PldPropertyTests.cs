using FsCheck;
using FsCheck.Fluent;
using PersonaTune.Privacy.Accounting;

namespace PersonaTune.Privacy.Tests.Accounting;

[Trait("Duration", "Long")]
public sealed class PldPropertyTests
{
    private const int Runs = 10;

    private static readonly Gen<PrivacyEvent> Events = Gen.OneOf(
        from sigma in Between(0.5, 5) select (PrivacyEvent)new GaussianEvent(sigma),
        from scale in Between(0.5, 5) select (PrivacyEvent)new LaplaceEvent(scale),
        from sigma in Between(0.6, 4)
        from q in Between(0.001, 0.3)
        select (PrivacyEvent)new PoissonSampledEvent(q, new GaussianEvent(sigma)),
        from scale in Between(0.6, 4)
        from q in Between(0.001, 0.3)
        select (PrivacyEvent)new PoissonSampledEvent(q, new LaplaceEvent(scale)),
        from noise in Between(0.1, 2)
        from sensitivity in Gen.Choose(1, 3)
        select (PrivacyEvent)new DiscreteLaplaceEvent(noise, sensitivity),
        from sigma in Between(1, 9) select (PrivacyEvent)new DiscreteGaussianEvent(sigma, 1, 1),
        from epsilon in Between(0.01, 1)
        from power in Gen.Choose(6, 12)
        select (PrivacyEvent)new EpsilonDeltaEvent(epsilon, Math.Pow(10, -power)),
        from sigma in Between(0.7, 3)
        from p in Between(0.05, 0.5)
        select (PrivacyEvent)new MixtureOfGaussiansEvent(sigma, [0, 1, 2], [1 - p, 0.7 * p, 1 - (1 - p) - 0.7 * p]));

    private static readonly Gen<(PrivacyEvent Event, int Count)[]> Histories = Gen.Choose(1, 3).SelectMany(
        size => (from e in Events from count in Gen.Choose(1, 40) select (e, count)).ArrayOf(size));

    [Fact]
    public void Composition_commutes() => Check(history =>
    {
        PldAccountant forward = Compose(history), backward = Compose(history.Reverse());
        foreach (var delta in new[] { 1e-3, 1e-5, 1e-9 })
        {
            double one = forward.GetEpsilon(delta), other = backward.GetEpsilon(delta);
            if (one != other) Assert.Equal(1, one / other, 1e-9);
        }
    });

    [Fact]
    public void Epsilon_never_rises_with_delta() => Check(history =>
    {
        var accountant = Compose(history);
        var previous = double.PositiveInfinity;
        for (var power = -15.0; power < 0; power += 1.3)
        {
            var epsilon = accountant.GetEpsilon(Math.Pow(10, power));
            Assert.True(epsilon <= previous + 1e-7, $"epsilon {epsilon} at delta 1e{power} after {previous}");
            previous = epsilon;
        }
    });

    [Fact]
    public void Delta_never_rises_with_epsilon() => Check(history =>
    {
        var accountant = Compose(history);
        var previous = 1.0;
        for (var epsilon = 0.0; epsilon < 12; epsilon += 0.91)
        {
            var delta = accountant.GetDelta(epsilon);

            // Windows of different tilt agree to the part of delta that their slack may take (PldComposition.RelativeSlack).
            Assert.True(delta <= previous * (1 + 1e-7), $"delta {delta} at epsilon {epsilon} after {previous}");
            previous = delta;
        }
    });

    [Fact]
    public void The_pessimistic_bound_is_never_below_the_optimistic_one() => Check(history =>
    {
        var accountant = Compose(history);
        foreach (var delta in new[] { 0.1, 1e-3, 1e-5, 1e-9 })
            Assert.True(accountant.GetEpsilonLower(delta) <= accountant.GetEpsilon(delta));
        foreach (var epsilon in new[] { 0, 0.3, 1, 3 })
            Assert.True(accountant.GetDeltaLower(epsilon) <= accountant.GetDelta(epsilon));
    });

    [Fact]
    public void More_releases_never_cost_less() => Check(history =>
    {
        var accountant = Compose(history);
        var before = accountant.GetEpsilon(1e-6);
        accountant.Compose(new GaussianEvent(3));
        Assert.True(accountant.GetEpsilon(1e-6) >= before - 1e-9);
    });

    [Fact]
    public void Epsilon_and_delta_are_each_others_inverse() => Check(history =>
    {
        var accountant = Compose(history);
        foreach (var delta in new[] { 1e-3, 1e-6, 1e-10 }.Where(delta => delta > accountant.Loss.InfinityMass))
        {
            var epsilon = accountant.GetEpsilon(delta);
            if (epsilon > 0) Assert.InRange(accountant.GetDelta(epsilon), delta * (1 - 1e-6), delta * (1 + 1e-6));
        }
    });

    private static PldAccountant Compose(IEnumerable<(PrivacyEvent Event, int Count)> history)
    {
        var accountant = new PldAccountant(NeighbouringRelation.AddOrRemoveOne, 1e-3);
        foreach (var (privacyEvent, count) in history) accountant.Compose(privacyEvent, count);
        return accountant;
    }

    private static void Check(Action<(PrivacyEvent Event, int Count)[]> property) =>
        Prop.ForAll(Histories.ToArbitrary(), property).Check(Config.QuickThrowOnFailure.WithMaxTest(Runs).WithReplay(20221107, 3));

    private static Gen<double> Between(double low, double high) => Gen.Choose(0, 1000).Select(step => low + (high - low) * step / 1000);
}
