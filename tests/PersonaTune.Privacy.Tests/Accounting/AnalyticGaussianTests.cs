using PersonaTune.Privacy.Accounting;

namespace PersonaTune.Privacy.Tests.Accounting;

public sealed class AnalyticGaussianTests
{
    /// <summary>d1: dp_accounting's calibration, which stops at a tolerance of about 1e-9.</summary>
    [Fact]
    public void Every_row_of_d1_is_met()
    {
        ReferenceCells.All("d1_analytic_gaussian.csv", row =>
        {
            double input = ReferenceCells.Number(row[1]), delta = ReferenceCells.Number(row[2]);
            var ours = row[0] switch
            {
                "sigma_for_eps" => AnalyticGaussian.StandardDeviation(input, delta),
                "eps_for_sigma" => AnalyticGaussian.Epsilon(input, delta),
                _ => throw new InvalidDataException($"unknown quantity '{row[0]}'"),
            };
            return ReferenceCells.Differs(ReferenceCells.Number(row[3]), ours, 1e-8);
        });
    }

    [Theory]
    [InlineData(0.3, 1e-5)]
    [InlineData(1, 1e-12)]
    [InlineData(20, 1e-3)]
    [InlineData(2, 1e-290)]
    public void Epsilon_delta_and_deviation_are_each_others_inverse(double sigma, double delta)
    {
        var epsilon = AnalyticGaussian.Epsilon(sigma, delta);
        Assert.InRange(AnalyticGaussian.Delta(sigma, epsilon), delta * (1 - 1e-9), delta);
        Assert.Equal(1, AnalyticGaussian.StandardDeviation(epsilon, delta) / sigma, 1e-9);
    }

    [Fact]
    public void Only_the_ratio_of_deviation_and_sensitivity_counts()
    {
        Assert.Equal(AnalyticGaussian.Delta(2, 0.5), AnalyticGaussian.Delta(6, 0.5, 3), 1e-14);
        Assert.Equal(AnalyticGaussian.Epsilon(2, 1e-6), AnalyticGaussian.Epsilon(6, 1e-6, 3), 1e-12);
        Assert.Equal(3 * AnalyticGaussian.StandardDeviation(1, 1e-6), AnalyticGaussian.StandardDeviation(1, 1e-6, 3), 1e-12);
    }

    [Fact]
    public void At_epsilon_zero_delta_is_the_total_variation_distance()
    {
        // erf(1 / (2 sqrt 2)) = 0.38292492254802624, the mass of a standard normal variable within half a deviation (DLMF 7.2).
        Assert.Equal(0.38292492254802624, AnalyticGaussian.Delta(1, 0), 1e-15);
        Assert.Equal(0, AnalyticGaussian.Epsilon(1, 0.3829250));
    }

    [Theory]
    [InlineData(0, 1, 1)]
    [InlineData(1, -1, 1)]
    [InlineData(1, 1, 0)]
    [InlineData(double.NaN, 1, 1)]
    public void Arguments_outside_their_range_are_refused(double sigma, double epsilon, double sensitivity) =>
        Assert.Throws<ArgumentOutOfRangeException>(() => AnalyticGaussian.Delta(sigma, epsilon, sensitivity));

    [Theory]
    // exp(x^2) erfc(x) from the 50-digit values of mpmath.
    [InlineData(0, 1)]
    [InlineData(0.5, 0.61569034419292587487)]
    [InlineData(1, 0.42758357615580700442)]
    [InlineData(2, 0.25539567631050574387)]
    [InlineData(10, 0.056140992743822585857)]
    public void The_scaled_error_function_is_accurate(double x, double expected) => Assert.Equal(1, PldNormal.Erfcx(x) / expected, 1e-14);

    [Fact]
    public void The_scaled_error_function_has_no_step_where_its_formula_changes()
    {
        // Its logarithmic derivative at 2.5 is 2 x - 2 / (sqrt(pi) erfcx(x)), about -0.349.
        double left = PldNormal.Erfcx(2.5 - 1e-9), right = PldNormal.Erfcx(2.5 + 1e-9);
        Assert.InRange((left / right) - 1, 0, 1e-9);
    }
}
