using System.Globalization;
using PersonaTune.Privacy.Auditing;

namespace PersonaTune.Privacy.Tests.Auditing;

/// <summary>Reference: tests/reference/privacy, tables l1 to l3 (jax_privacy and the listing of the paper's appendix D).</summary>
public sealed class OneRunAuditTests
{
    [Fact]
    public void P_values_equal_both_references_in_every_row()
    {
        var rows = ReferenceRows.Read("l1_one_run_p_value.csv");
        Assert.NotEmpty(rows);
        Assert.All(rows, row =>
        {
            var p = OneRunAudit.PValue(Int(row[0]), Int(row[1]), Int(row[2]), Number(row[3]), Number(row[4]));
            AssertClose(Number(row[5]), p, 1e-9, row);
            AssertClose(Number(row[6]), p, 1e-9, row);
        });
    }

    [Fact]
    public void Lower_bounds_equal_both_references_in_every_row()
    {
        var rows = ReferenceRows.Read("l2_one_run_eps_lower_bound.csv");
        Assert.NotEmpty(rows);
        Assert.All(rows, row =>
        {
            var bound = OneRunAudit.EpsilonLowerBound(Int(row[0]), Int(row[1]), Int(row[2]), Number(row[4]), Number(row[3]));
            // The references bisect to about 1e-6 and differ from each other by up to 2e-7.
            Assert.True(Math.Abs(Number(row[5]) - bound) < 1e-6, string.Join(',', row));
            Assert.True(Math.Abs(Number(row[6]) - bound) < 1e-6, string.Join(',', row));
        });
    }

    [Fact]
    public void Clopper_Pearson_bounds_equal_the_reference_in_every_row()
    {
        var rows = ReferenceRows.Read("l3_clopper_pearson.csv");
        Assert.NotEmpty(rows);
        Assert.All(rows, row =>
        {
            AssertClose(Number(row[3]), ClopperPearson.Upper(Int(row[0]), Int(row[1]), Number(row[2])), 1e-9, row);
            AssertClose(Number(row[4]), ClopperPearson.Lower(Int(row[0]), Int(row[1]), Number(row[2])), 1e-9, row);
        });
    }

    /// <summary>
    /// The Gaussian mechanism on orthogonal canaries of norm 1. With sigma 3.73 it is (1, 1e-5)-private (Balle and Wang 2018: 3.730632), so each
    /// audit's bound exceeds 1 with probability 0.001 at most: 40 seeded audits fail falsely with probability below 0.04, once and for all seeds
    /// together; the seeds are fixed.
    /// </summary>
    [Fact]
    public async Task With_noise_the_bound_stays_below_the_claimed_epsilon()
    {
        for (var seed = 0; seed < 40; seed++)
        {
            var result = await OneRunAudit.RunAsync(1000, NoisySum(3.7307, seed), 1e-5, 0.001, [20, 100, 500], Coins(seed));
            Assert.InRange(result.EpsilonLowerBound, 0, 1);
        }
    }

    [Fact]
    public async Task With_less_noise_than_claimed_the_bound_exceeds_the_claimed_epsilon()
    {
        // Negative controls: no noise, and a fifth of the noise.
        var off = await OneRunAudit.RunAsync(1000, NoisySum(0, 1), 1e-5, 0.001, [20, 100, 500], Coins(1));
        Assert.Equal(off.Guesses, off.Correct);
        Assert.True(off.EpsilonLowerBound > 2, $"bound {off.EpsilonLowerBound}");
        var fifth = await OneRunAudit.RunAsync(1000, NoisySum(3.7307 / 5, 2), 1e-5, 0.01, [100], Coins(2));
        Assert.True(fifth.EpsilonLowerBound > 1, $"bound {fifth.EpsilonLowerBound}, {fifth.Correct} of {fifth.Guesses}");
    }

    [Fact]
    public void Guesses_come_from_both_ends_of_the_scores()
    {
        var result = OneRunAudit.Evaluate([true, false, true, false, true], [5, 1, 4, 2, 3], 0, 0.05, 4);
        Assert.Equal((4, 4), (result.Guesses, result.Correct));
        Assert.Equal(0, OneRunAudit.Evaluate([false, true, false, true], [4, 1, 3, 2], 0, 0.05).Correct);
    }

    [Fact]
    public void Trying_several_numbers_of_guesses_costs_significance()
    {
        bool[] coins = [.. Enumerable.Range(0, 100).Select(i => i >= 50)];
        double[] scores = [.. Enumerable.Range(0, 100).Select(i => (double)i)];
        var one = OneRunAudit.Evaluate(coins, scores, 1e-5, 0.05, 100);
        var two = OneRunAudit.Evaluate(coins, scores, 1e-5, 0.05, 100, 50);
        Assert.Equal(OneRunAudit.EpsilonLowerBound(100, 100, 100, 1e-5, 0.05), one.EpsilonLowerBound);
        Assert.Equal(OneRunAudit.EpsilonLowerBound(100, 100, 100, 1e-5, 0.025), two.EpsilonLowerBound);
        Assert.True(two.EpsilonLowerBound < one.EpsilonLowerBound);
    }

    [Fact]
    public void Malformed_audits_are_refused()
    {
        Assert.Throws<ArgumentException>(() => OneRunAudit.Evaluate([true], [1, 2], 0, 0.05));
        Assert.Throws<ArgumentException>(() => OneRunAudit.Evaluate([], [], 0, 0.05));
        Assert.Throws<ArgumentException>(() => OneRunAudit.Evaluate([true, false], [1, double.NaN], 0, 0.05));
        Assert.Throws<ArgumentOutOfRangeException>(() => OneRunAudit.Evaluate([true, false], [1, 2], 0, 0.05, 3));
        Assert.Throws<ArgumentOutOfRangeException>(() => OneRunAudit.Evaluate([true, false], [1, 2], 0, 0));
        Assert.Throws<ArgumentOutOfRangeException>(() => OneRunAudit.PValue(10, 11, 5, 1, 0));
        Assert.Throws<ArgumentOutOfRangeException>(() => OneRunAudit.PValue(10, 5, 6, 1, 0));
        Assert.Throws<ArgumentOutOfRangeException>(() => OneRunAudit.PValue(10, 5, 5, double.NaN, 0));
        Assert.Throws<ArgumentOutOfRangeException>(() => OneRunAudit.PValue(10, 5, 5, 1, -1));
        Assert.Throws<ArgumentOutOfRangeException>(() => ClopperPearson.Lower(2, 1, 0.05));
        Assert.Throws<ArgumentOutOfRangeException>(() => ClopperPearson.Upper(1, 2, 1));
    }

    [Fact]
    public void Exposure_follows_its_definition()
    {
        double[] references = [.. Enumerable.Range(1, 1023).Select(i => (double)i)];
        Assert.Equal(10, CanaryExposure.Measure(0.5, references), 12); // rank 1 of 1,024
        Assert.Equal(9, CanaryExposure.Measure(1.5, references), 12);
        Assert.Equal(0, CanaryExposure.Measure(5000, references), 12);
        Assert.Equal(9, CanaryExposure.Measure(1, references), 12); // a tie counts against memorization
        Assert.Equal([10, 9], CanaryExposure.MeasureAll([0.5, 1.5], references));
        Assert.Throws<ArgumentException>(() => CanaryExposure.Measure(1, []));
        Assert.Throws<ArgumentException>(() => CanaryExposure.Measure(double.NaN, references));
        Assert.Throws<ArgumentException>(() => CanaryExposure.Measure(1, [double.NaN]));
    }

    [Fact]
    public void Exposure_of_what_was_never_trained_on_is_seldom_high()
    {
        // 2,000 uniform canaries: the share above 3 bits is 1/8 in expectation; six standard deviations (0.0074 each) are a false alarm of 2e-9.
        var random = new Random(7);
        double[] references = [.. Enumerable.Range(0, 4095).Select(_ => random.NextDouble())];
        var share = Enumerable.Range(0, 2000).Count(_ => CanaryExposure.Measure(random.NextDouble(), references) > 3) / 2000.0;
        Assert.InRange(share, 0.125 - 0.05, 0.125 + 0.05);
    }

    private static Func<IReadOnlyList<bool>, CancellationToken, Task<IReadOnlyList<double>>> NoisySum(double sigma, int seed) => (included, _) =>
    {
        var random = new Random(seed);
        return Task.FromResult<IReadOnlyList<double>>([.. included.Select(i => (i ? 1 : 0) + (sigma * Normal(random)))]);
    };

    private static bool[] Coins(int seed, int count = 1000)
    {
        var random = new Random(seed + 10_000);
        return [.. Enumerable.Range(0, count).Select(_ => random.Next(2) == 1)];
    }

    private static double Normal(Random random) => Math.Sqrt(-2 * Math.Log(1 - random.NextDouble())) * Math.Cos(2 * Math.PI * random.NextDouble());

    private static int Int(string text) => int.Parse(text, CultureInfo.InvariantCulture);

    private static double Number(string text) => double.Parse(text, CultureInfo.InvariantCulture);

    private static void AssertClose(double expected, double actual, double relative, string[] row) =>
        Assert.True(Math.Abs(expected - actual) <= (relative * Math.Abs(expected)) + 1e-300, $"{string.Join(',', row)}: expected {expected:R}, found {actual:R}");
}
