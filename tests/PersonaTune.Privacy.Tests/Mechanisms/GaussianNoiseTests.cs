using MathNet.Numerics;
using PersonaTune.Privacy.Accounting;
using PersonaTune.Privacy.Mechanisms;

namespace PersonaTune.Privacy.Tests.Mechanisms;

public class GaussianNoiseTests
{
    private const int Draws = 200_000;

    // Kolmogorov-Smirnov: P(sqrt(n) D > 2.8) is below 2 exp(-2 * 2.8^2) = 3e-7 for the choice of the seed.
    [Theory]
    [InlineData(1.0, 1.0, true)]
    [InlineData(0.01, 0.01, true)]
    [InlineData(1.0, 1.03, false)]
    public void Draws_fit_the_law_and_a_wrong_deviation_is_refused(double drawn, double stated, bool fits)
    {
        var values = new double[Draws];
        using var source = SeededNoiseSource.FromSeed(5);
        new GaussianNoise(drawn).Fill(source, values);
        Array.Sort(values);
        double largest = 0;
        for (var i = 0; i < Draws; i++)
        {
            var p = 0.5 * SpecialFunctions.Erfc(-values[i] / (stated * Math.Sqrt(2)));
            largest = Math.Max(largest, Math.Max(p - ((double)i / Draws), ((i + 1.0) / Draws) - p));
        }

        Assert.Equal(fits, Math.Sqrt(Draws) * largest < 2.8);
    }

    // Both halves of a Box-Muller pair come from one radius: their correlation, and that of their squares, within 5 standard errors (6e-7
    // each).
    [Fact]
    public void Neighbouring_draws_are_uncorrelated()
    {
        var values = new double[Draws];
        using var source = SeededNoiseSource.FromSeed(6);
        new GaussianNoise(1).Fill(source, values);
        double product = 0, squares = 0;
        for (var i = 0; i < Draws; i += 2)
        {
            product += values[i] * values[i + 1];
            squares += ((values[i] * values[i]) - 1) * ((values[i + 1] * values[i + 1]) - 1);
        }

        Assert.InRange(product / Math.Sqrt(Draws / 2), -5, 5);
        Assert.InRange(squares / (2 * Math.Sqrt(Draws / 2)), -5, 5);
    }

    [Fact]
    public void Every_length_is_filled()
    {
        for (var length = 0; length <= 257; length++)
        {
            var values = new float[length];
            using var source = SeededNoiseSource.FromSeed(length);
            new GaussianNoise(1).AddTo(source, values);
            Assert.DoesNotContain(0f, values);
        }
    }

    [Fact]
    public void The_extremes_of_the_generator_give_finite_draws()
    {
        var values = new double[2];
        new GaussianNoise(1).Fill(new ScriptedSource(0), values);
        Assert.Equal(Math.Sqrt(2 * 53 * Math.Log(2)), values[0], 12);
        new GaussianNoise(1).Fill(new ScriptedSource(ulong.MaxValue), values);
        Assert.Equal(0, values[0]);
    }

    [Fact]
    public void The_event_divides_by_the_sensitivity_and_no_noise_is_no_protection()
    {
        Assert.Equal(new GaussianEvent(1.5), new GaussianNoise(3).Event(2));
        Assert.IsType<NonPrivateEvent>(new GaussianNoise(0).Event(2));
        Assert.Throws<ArgumentOutOfRangeException>(() => new GaussianNoise(3).Event(0));
        Assert.Throws<ArgumentOutOfRangeException>(() => new GaussianNoise(-1));
        Assert.Throws<ArgumentOutOfRangeException>(() => new GaussianNoise(double.NaN));
    }
}
