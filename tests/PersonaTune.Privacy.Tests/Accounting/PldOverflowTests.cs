using PersonaTune.Privacy.Accounting;

namespace PersonaTune.Privacy.Tests.Accounting;

/// <summary>Defect 3 of secure-aggregation.md: where epsilon exceeds 709, exp(epsilon) is no double any more.</summary>
[Trait("Duration", "Long")]
public sealed class PldOverflowTests
{
    private static readonly double[] Deltas = [1e-1, 1e-3, 1e-5, 9.9e-6, 1e-6, 1e-8, 1e-12, 1e-20, 1e-60, 1e-200];

    [Theory]
    [InlineData(0.5, 0.5, 1000, 1e-3)] // a3: about 878
    [InlineData(0.3, 0.1, 10000, 1e-2)] // a3: about 3670
    [InlineData(0.3, 0.5, 10000, 1e-1)] // a3: about 23600
    public void Epsilon_rises_as_delta_falls(double sigma, double q, long steps, double spacing)
    {
        var upper = PrivacyLossDistribution.SampledGaussian(sigma, q, grid: new(spacing)).SelfCompose(steps);
        var lower = PrivacyLossDistribution.SampledGaussian(sigma, q, grid: new(spacing, PldEstimate.Optimistic)).SelfCompose(steps);
        var previous = 0.0;
        foreach (var delta in Deltas.Where(delta => delta > upper.InfinityMass))
        {
            var epsilon = upper.GetEpsilon(delta);
            Assert.True(epsilon > previous, $"epsilon {epsilon} at delta {delta} is not above {previous}");
            Assert.InRange(lower.GetEpsilon(delta), 700, epsilon);
            Assert.Equal(1, upper.GetDelta(epsilon) / delta, 1e-6);
            previous = epsilon;
        }
    }

    [Theory]
    [InlineData(0.3, 100)]
    [InlineData(0.8, 1000)]
    [InlineData(0.3, 10000)]
    public void Gaussian_mechanisms_stay_exact(double sigma, long steps)
    {
        var composed = PrivacyLossDistribution.Gaussian(sigma).SelfCompose(steps);
        foreach (var delta in Deltas)
            Assert.Equal(1, composed.GetEpsilon(delta) / AnalyticGaussian.Epsilon(sigma / Math.Sqrt(steps), delta), 1e-12);
    }

    [Fact]
    public void The_grid_agrees_with_the_exact_gaussian()
    {
        // A Gaussian of shift 1/0.3, 100 times: epsilon is about 740.
        var onGrid = new PldComposition([(new PrivacyLossGaussian(1 / 0.3), 100)], new(1e-3));
        foreach (var delta in Deltas.Where(delta => delta > onGrid.InfinityMass))
        {
            var exact = AnalyticGaussian.Epsilon(0.03, delta);
            Assert.InRange(onGrid.Epsilon(delta), exact, exact + 1e-4);
        }
    }
}
