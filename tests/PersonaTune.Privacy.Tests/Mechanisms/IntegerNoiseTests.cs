using PersonaTune.Privacy.Accounting;
using PersonaTune.Privacy.Mechanisms;

namespace PersonaTune.Privacy.Tests.Mechanisms;

/// <summary>
/// Samplers against their laws. Every verdict has false-alarm rate 1e-6 or less for the choice of its fixed seed (mean and variance: 5
/// standard errors, 6e-7 each); the controls show wrong samplers that the same verdicts refuse.
/// </summary>
public class IntegerNoiseTests
{
    private const int Draws = 200_000;

    public static TheoryData<string, double> Laws() => new()
    {
        { "gaussian", 0.3 }, { "gaussian", 1 }, { "gaussian", 4 }, { "gaussian", 25.5 }, { "gaussian", 100 }, { "gaussian", 101 },
        { "gaussian", 1000 }, { "gaussian", 9000 }, { "gaussian", 1e5 },
        { "skellam", 0.5 }, { "skellam", 30 }, { "skellam", 1e4 }, { "skellam", 10_001 }, { "skellam", 1e6 }, { "skellam", 1e10 },
        { "laplace", 3 }, { "laplace", 0.5 }, { "laplace", 0.05 }, { "laplace", 1e-4 },
        { "exact gaussian", 0.7 }, { "exact gaussian", 12.25 }, { "exact laplace", 0.75 },
    };

    [Theory]
    [MemberData(nameof(Laws))]
    public void Draws_fit_the_exact_law(string law, double parameter)
    {
        var noise = Make(law, parameter);
        var draws = GoodnessOfFit.Draw(noise, law.StartsWith("exact", StringComparison.Ordinal) ? 10_000 : Draws, 20261125);
        Assert.InRange(GoodnessOfFit.ChiSquareP(draws, noise), GoodnessOfFit.FalseAlarm, 1);
        var (mean, variance) = GoodnessOfFit.MomentErrors(draws, noise.Variance);
        Assert.InRange(mean, -5, 5);
        Assert.InRange(variance, -5, 5);
        Assert.All(draws, x => Assert.InRange(Math.Abs((long)x), 0, noise.LargestMagnitude));
    }

    // Markov: under the right law the likelihood ratio of any other law exceeds 10^6 with probability at most 10^-6.
    [Theory]
    [InlineData(0.5)]
    [InlineData(0.8)]
    [InlineData(1.2)]
    public void A_discrete_Gaussian_is_told_from_a_rounded_one(double sigma)
    {
        var noise = new DiscreteGaussianNoise(sigma);
        var limit = Math.Log(1 / GoodnessOfFit.FalseAlarm);
        Assert.InRange(Evidence(GoodnessOfFit.Draw(noise, Draws, 7)), double.NegativeInfinity, limit);
        var rounded = Rounded(sigma, 8);
        Assert.InRange(Evidence(rounded), limit, double.PositiveInfinity);
        Assert.InRange(GoodnessOfFit.ChiSquareP(rounded, noise), 0, GoodnessOfFit.FalseAlarm);

        double Evidence(int[] draws) => draws.Sum(x => Math.Log(RoundedProbability(x)) - noise.LogProbability(x));

        double RoundedProbability(int x) =>
            0.5 * (MathNet.Numerics.SpecialFunctions.Erfc((Math.Abs(x) - 0.5) / (sigma * Math.Sqrt(2)))
                - MathNet.Numerics.SpecialFunctions.Erfc((Math.Abs(x) + 0.5) / (sigma * Math.Sqrt(2))));
    }

    [Fact]
    public void Control_a_sampler_with_a_biased_sign_is_refused()
    {
        var noise = new DiscreteGaussianNoise(4);
        var draws = GoodnessOfFit.Draw(noise, Draws, 9);
        for (var i = 0; i < draws.Length; i += 25) draws[i] = Math.Abs(draws[i]);
        Assert.InRange(GoodnessOfFit.ChiSquareP(draws, noise), 0, GoodnessOfFit.FalseAlarm);
        Assert.NotInRange(GoodnessOfFit.MomentErrors(draws, noise.Variance).Mean, -5, 5);
    }

    [Fact]
    public void Control_a_deviation_two_per_cent_too_small_is_refused()
    {
        var noise = new DiscreteGaussianNoise(1000);
        var draws = GoodnessOfFit.Draw(new DiscreteGaussianNoise(980), Draws, 10);
        Assert.InRange(GoodnessOfFit.ChiSquareP(draws, noise), 0, GoodnessOfFit.FalseAlarm);
        Assert.NotInRange(GoodnessOfFit.MomentErrors(draws, noise.Variance).Variance, -5, 5);
    }

    // The convolution x = y + k z with sd(y) far below k z's spacing has the right variance and the wrong law.
    [Fact]
    public void Control_a_convolution_that_is_not_smooth_is_refused()
    {
        const int K = 20;
        int[] y = GoodnessOfFit.Draw(new DiscreteGaussianNoise(0.3 * K), Draws, 11),
            z = GoodnessOfFit.Draw(new DiscreteGaussianNoise(2), Draws, 12);
        var noise = new DiscreteGaussianNoise(Math.Sqrt((0.3 * K * 0.3 * K) + (4.0 * K * K)));
        Assert.InRange(GoodnessOfFit.ChiSquareP([.. y.Zip(z, (a, b) => a + (K * b))], noise), 0, GoodnessOfFit.FalseAlarm);
    }

    [Fact]
    public void Control_a_Gaussian_in_place_of_a_Skellam_of_small_variance_is_refused()
    {
        var draws = GoodnessOfFit.Draw(new DiscreteGaussianNoise(Math.Sqrt(3)), Draws, 13);
        Assert.InRange(GoodnessOfFit.ChiSquareP(draws, new SkellamNoise(3)), 0, GoodnessOfFit.FalseAlarm);
    }

    // The stated composition: variances add up to sigma^2, and sd(y) sd(z) >= 2.2 sigma keeps the law smooth.
    [Theory]
    [InlineData(100.5)]
    [InlineData(150)]
    [InlineData(1000)]
    [InlineData(7000)]
    [InlineData(123_456.789)]
    [InlineData(1e7)]
    public void Composed_tables_are_small_smooth_and_have_the_exact_variance(double sigma)
    {
        var parts = new DiscreteGaussianNoise(sigma).Parts;
        Assert.InRange(parts.Count, 2, 5);
        double variance = 0, factor = 1;
        var deviations = parts.Select(part
            => Math.Sqrt(Enumerable.Range(0, part.Table.Count).Sum(i => (double)i * i * part.Table.Probability(i)))).ToArray();
        for (var i = 0; i < parts.Count; i++)
        {
            Assert.InRange(parts[i].Table.Count, 1, 2048);
            variance += factor * factor * deviations[i] * deviations[i];
            factor *= parts[i].Multiplier;
        }

        Assert.InRange(Math.Sqrt(variance) / sigma, 1 - 1e-12, 1 + 1e-12);
        var rest = deviations[^1];
        for (var i = parts.Count - 2; i >= 0; i--)
        {
            var whole = Math.Sqrt((deviations[i] * deviations[i]) + (parts[i].Multiplier * parts[i].Multiplier * rest * rest));
            Assert.InRange(deviations[i] * rest / whole, 2.2 - 1e-9, double.PositiveInfinity);
            rest = whole;
        }
    }

    [Fact]
    public void Noise_is_added_to_every_value_and_an_overflow_is_an_error()
    {
        var noise = new SkellamNoise(50);
        var values = Enumerable.Range(0, 1000).ToArray();
        using (var source = SeededNoiseSource.FromSeed(3)) noise.AddTo(source, values);
        using (var again = SeededNoiseSource.FromSeed(3))
        {
            var draws = new int[1000];
            for (var i = 0; i < 1000; i += 256) noise.Fill(again, draws.AsSpan(i, Math.Min(256, 1000 - i)));
            Assert.Equal(Enumerable.Range(0, 1000).Select(i => i + draws[i]), values);
        }

        var full = Enumerable.Repeat(int.MaxValue, 100).ToArray();
        Assert.Throws<OverflowException>(() =>
        {
            using var source = SeededNoiseSource.FromSeed(4);
            noise.AddTo(source, full);
        });
    }

    [Fact]
    public void Events_state_the_parameters()
    {
        Assert.Equal(new DiscreteGaussianEvent(5, 2, 10), new DiscreteGaussianNoise(5).Event(2, 10));
        Assert.Equal(new DiscreteGaussianEvent(5, 2, 10), new ExactDiscreteGaussianNoise(5).Event(2, 10));
        Assert.Equal(new SkellamEvent(7, 4, 2), new SkellamNoise(7).Event(4, 2));
        Assert.Equal(new DiscreteLaplaceEvent(0.5, 3), new DiscreteLaplaceNoise(0.5).Event(3));
    }

    [Theory]
    [InlineData(0)]
    [InlineData(-1)]
    [InlineData(double.NaN)]
    [InlineData(double.PositiveInfinity)]
    public void A_parameter_outside_its_range_is_refused(double value)
    {
        foreach (var law in new[] { "gaussian", "exact gaussian", "skellam", "laplace", "exact laplace" })
            Assert.Throws<ArgumentOutOfRangeException>(() => Make(law, value));
    }

    private static IntegerNoise Make(string law, double parameter) => law switch
    {
        "gaussian" => new DiscreteGaussianNoise(parameter),
        "skellam" => new SkellamNoise(parameter),
        "laplace" => new DiscreteLaplaceNoise(parameter),
        "exact gaussian" => new ExactDiscreteGaussianNoise(parameter),
        _ => new ExactDiscreteLaplaceNoise(parameter),
    };

    private static int[] Rounded(double sigma, long seed)
    {
        var values = new double[Draws];
        using var source = SeededNoiseSource.FromSeed(seed);
        new GaussianNoise(sigma).Fill(source, values);
        return [.. values.Select(v => (int)Math.Round(v))];
    }
}
