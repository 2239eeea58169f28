using System.Globalization;
using FsCheck;
using FsCheck.Fluent;
using PersonaTune.Privacy.Mechanisms;

namespace PersonaTune.Privacy.Tests.Mechanisms;

public class MatrixStrategyTests
{
    private const int Rounds = 12;

    // Table m1: sensitivities by brute force and prefix errors of jax_privacy's strategies.
    [Fact]
    public void Every_row_of_the_reference_equals_the_closed_form_the_search_and_the_error()
    {
        var rows = ReferenceRows.Read("m1_matrix_mechanism_sensitivity_bruteforce.csv");
        Assert.Equal(50, rows.Count);
        Assert.All(rows, row =>
        {
            var strategy = Make(row[0]);
            Assert.Equal(Rounds, int.Parse(row[1], CultureInfo.InvariantCulture));
            int b = int.Parse(row[2], CultureInfo.InvariantCulture), k = int.Parse(row[3], CultureInfo.InvariantCulture);
            var sensitivity = Number(row[4]);
            Close(sensitivity, strategy.Sensitivity(b, k));
            Close(sensitivity, MatrixSensitivity.BruteForce(strategy, b, k));
            Close(Number(row[5]), strategy.PrefixRmse());
            var column = row[6].Split('|').Select(Number).ToArray();
            for (var i = 0; i < Rounds; i++) Assert.Equal(column[i], strategy.Coefficient(i, 0), 15);
        });
    }

    [Fact]
    public void The_closed_form_equals_the_search_for_any_decreasing_column()
    {
        var property = Prop.ForAll(Gen.Choose(0, int.MaxValue).ToArbitrary(), Gen.Choose(1, 13).ToArbitrary(),
            Gen.Choose(1, 6).ToArbitrary(), (seed, b, k) =>
        {
            var words = new byte[13];
            using (var source = SeededNoiseSource.FromSeed(seed)) source.Fill(words);
            var column = words.Select(w => w / 16 / 4.0).OrderDescending().ToArray();
            column[0] += 0.25;
            var strategy = new BandedStrategy(13, column);
            return Math.Abs(strategy.Sensitivity(b, k) - MatrixSensitivity.BruteForce(strategy, b, k)) < 1e-9;
        });
        Check.One(Config.QuickThrowOnFailure.WithMaxTest(150), property);
    }

    [Theory]
    [InlineData(3, 3, 4)]
    [InlineData(3, 5, 2)]
    [InlineData(4, 12, 1)]
    [InlineData(12, 12, 3)]
    public void Normalized_columns_that_do_not_overlap_have_the_root_of_their_number(int bands, int b, int k)
    {
        var strategy = BandedStrategy.SquareRoot(Rounds, bands, normalizeColumns: true);
        for (var column = 0; column < Rounds; column++)
            Assert.Equal(1, Enumerable.Range(0, Rounds).Sum(row => strategy.Coefficient(row, column) * strategy.Coefficient(row, column)),
                14);
        Close(MatrixSensitivity.BruteForce(strategy, b, k), strategy.Sensitivity(b, k));
    }

    [Fact]
    public void The_error_of_normalized_columns_equals_the_dense_product()
    {
        var strategy = BandedStrategy.SquareRoot(Rounds, 4, normalizeColumns: true);
        var inverse = MatrixNoiseTests.Inverse(strategy);
        double total = 0;
        for (var t = 0; t < Rounds; t++)
            for (var j = 0; j < Rounds; j++)
            {
                var prefix = Enumerable.Range(0, t + 1).Sum(i => inverse[i, j]);
                total += prefix * prefix;
            }

        Close(Math.Sqrt(total / Rounds), strategy.PrefixRmse());
    }

    // The square root of the prefix-sum matrix: C C = A, all ones on and below the diagonal.
    [Fact]
    public void The_square_root_squares_to_prefix_sums()
    {
        var strategy = BandedStrategy.SquareRoot(Rounds, Rounds);
        for (var i = 0; i < Rounds; i++)
            for (var j = 0; j < Rounds; j++)
                Assert.Equal(i >= j ? 1 : 0,
                    Enumerable.Range(0, Rounds).Sum(m => strategy.Coefficient(i, m) * strategy.Coefficient(m, j)), 14);
    }

    [Fact]
    public void Strategies_without_an_exact_sensitivity_are_refused()
    {
        Assert.Throws<ArgumentException>(() => new BandedStrategy(5, [1, 0.5, 0.6]));
        Assert.Throws<ArgumentException>(() => new BandedStrategy(5, [1, -0.5]));
        Assert.Throws<ArgumentException>(() => new BandedStrategy(5, [0]));
        Assert.Throws<ArgumentException>(() => new BandedStrategy(2, [1, 0.5, 0.25]));
        Assert.Throws<ArgumentException>(() => new BandedStrategy(2, []));
        Assert.Throws<ArgumentOutOfRangeException>(() => new BandedStrategy(0, [1]));
        Assert.Throws<ArgumentException>(() => BandedStrategy.SquareRoot(12, 4, normalizeColumns: true).Sensitivity(3, 2));
        Assert.Throws<ArgumentException>(() => new BufferedLinearStrategy(5, [0.6, 0.5], [0.5, 0.5]));
        Assert.Throws<ArgumentException>(() => new BufferedLinearStrategy(5, [-0.1], [0.5]));
        Assert.Throws<ArgumentException>(() => new BufferedLinearStrategy(5, [0.1], [1.5]));
        Assert.Throws<ArgumentException>(() => new BufferedLinearStrategy(5, [0.1], [0.5, 0.5]));
        Assert.Throws<ArgumentOutOfRangeException>(() => MatrixSensitivity.Participations(5, 0, 1));
    }

    private static MatrixStrategy Make(string name) => name switch
    {
        "identity" => BandedStrategy.SquareRoot(Rounds, 1),
        "prefix_sqrt" => BandedStrategy.SquareRoot(Rounds, Rounds),
        "prefix_sqrt_band4" => BandedStrategy.SquareRoot(Rounds, 4),
        "blt_1buf_w0.5_l0.8" => new BufferedLinearStrategy(Rounds, [0.5], [0.8]),
        // Solved from the reference's first column: 0.3 0.9^(i - 1) + 0.1 0.5^(i - 1) = 0.4, 0.32, 0.268, ...
        "blt_2buf" => new BufferedLinearStrategy(Rounds, [0.3, 0.1], [0.9, 0.5]),
        _ => throw new ArgumentException($"strategy '{name}' is not in this test; add it", nameof(name)),
    };

    private static double Number(string text) => double.Parse(text, CultureInfo.InvariantCulture);

    private static void Close(double expected, double found) => Assert.InRange(found, expected * (1 - 1e-12), expected * (1 + 1e-12));
}
