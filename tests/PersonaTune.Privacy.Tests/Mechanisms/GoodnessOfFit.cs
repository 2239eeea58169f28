using MathNet.Numerics;
using PersonaTune.Privacy.Mechanisms;

namespace PersonaTune.Privacy.Tests.Mechanisms;

/// <summary>
/// Statistical tests of integer samplers. All use fixed seeds, so a verdict repeats; the stated rates are those of choosing the seed.
/// </summary>
internal static class GoodnessOfFit
{
    /// <summary>A right sampler fails with at most this probability.</summary>
    public const double FalseAlarm = 1e-6;

    /// <summary>
    /// Pearson's chi-square against the exact law: neighbouring values are merged until a bin expects at least 1/80 of the draws (1/400 if
    /// nearly all of them are 0); both tails are bins.
    /// Returns the probability of a statistic at least as large under the law.
    /// </summary>
    public static double ChiSquareP(ReadOnlySpan<int> draws, IntegerNoise law)
    {
        var reach = (int)(8 * Math.Sqrt(law.Variance)) + 20;
        var smallest = law.Probability(0) > 0.9 ? 1.0 / 400 : 1.0 / 80;
        var counts = new int[(2 * reach) + 1];
        foreach (var x in draws) counts[Math.Clamp(x, -reach, reach) + reach]++;
        double statistic = 0, expected = 0, remaining = 1;
        long observed = 0, seen = 0;
        var (bins, total) = (0, draws.Length);
        for (var i = 0; i < counts.Length; i++)
        {
            expected += law.Probability(i - reach);
            observed += counts[i];
            // What is left after this bin must be a bin of its own, otherwise it belongs to this one.
            if (expected < smallest || remaining - expected < smallest) continue;
            Add(expected, observed);
            remaining -= expected;
            seen += observed;
            expected = observed = 0;
        }

        Add(remaining, total - seen);
        return SpecialFunctions.GammaUpperRegularized(0.5 * (bins - 1), 0.5 * statistic);

        void Add(double probability, long count)
        {
            var mean = probability * total;
            statistic += (count - mean) * (count - mean) / mean;
            bins++;
        }
    }

    /// <summary>
    /// Deviations of the sample mean and sample variance from the law's, in standard errors (fourth moment bounded by the sample's).
    /// </summary>
    public static (double Mean, double Variance) MomentErrors(ReadOnlySpan<int> draws, double variance)
    {
        double sum = 0, squares = 0, fourth = 0;
        foreach (var x in draws)
        {
            sum += x;
            squares += (double)x * x;
            fourth += (double)x * x * x * x;
        }

        var n = draws.Length;
        var errorOfVariance = Math.Sqrt(Math.Max((fourth / n) - (squares / n * squares / n), double.Epsilon) / n);
        return (sum / n / Math.Sqrt(variance / n), ((squares / n) - variance) / errorOfVariance);
    }

    public static int[] Draw(IntegerNoise noise, int count, long seed)
    {
        var draws = new int[count];
        using var source = SeededNoiseSource.FromSeed(seed);
        noise.Fill(source, draws);
        return draws;
    }
}
