using System.Globalization;
using PersonaTune.Privacy.SecureAggregation;

namespace PersonaTune.Privacy.Tests.SecureAggregation.Primitives;

public class GraphParametersTests
{
    [Fact]
    public void Every_row_of_the_published_search_is_reproduced()
    {
        // h: Google's parameter search, 600 rows. The thirteen without degree are those it refuses: "infeasible" for the rates alone,
        // "infeasible_use_complete_graph" because it found no degree below n - 1.
        var rows = ReferenceRows.Read("h_harary_params_google.csv");
        Assert.Equal(600, rows.Count);
        var refused = 0;
        foreach (var row in rows)
        {
            var (n, corrupt, dropout) = (Number(row[0]), Rate(row[1]), Rate(row[2]));
            var server = row[3] switch
            {
                "CURIOUS_SERVER" => ServerModel.Curious,
                "SEMI_MALICIOUS_SERVER" => ServerModel.SemiMalicious,
                _ => throw new InvalidDataException(row[3]),
            };
            if (row[4].StartsWith("infeasible", StringComparison.Ordinal))
            {
                refused++;
                var e = Assert.Throws<InfeasibleGraphException>(() => GraphParameters.Sparse(n, corrupt, dropout, server));
                Assert.Equal(row[4] == "infeasible_use_complete_graph", e.CompleteGraphMayDo);
                continue;
            }

            Assert.Equal(new GraphParameters(n, Number(row[4]), Number(row[5])), GraphParameters.Sparse(n, corrupt, dropout, server));
        }

        Assert.Equal(13, refused);
    }

    [Fact]
    public void Every_row_of_the_half_window_rule_is_reproduced()
    {
        // h2: this project's rule, 48 rows, one of them refused.
        var rows = ReferenceRows.Read("h2_window_rule_params_ours.csv");
        Assert.Equal(48, rows.Count);
        foreach (var row in rows)
        {
            var (n, corrupt, dropout) = (Number(row[0]), Rate(row[1]), Rate(row[2]));
            if (row[3] == "use_complete_graph")
            {
                Assert.True(Assert.Throws<InfeasibleGraphException>(() => GraphParameters.ForHalfWindows(n, corrupt, dropout)).CompleteGraphMayDo);
                continue;
            }

            var found = GraphParameters.ForHalfWindows(n, corrupt, dropout);
            Assert.Equal(new GraphParameters(n, Number(row[3]), Number(row[6]), Number(row[5])), found);
            Assert.Equal(Number(row[4]), found.Degree / 2);
        }
    }

    // The specification's list for 10 % corrupt, 30 % dropouts.
    [Theory]
    [InlineData(100, 34, 11)]
    [InlineData(200, 54, 21)]
    [InlineData(500, 76, 31)]
    [InlineData(1000, 88, 36)]
    [InlineData(5000, 106, 43)]
    [InlineData(10000, 108, 44)]
    public void The_default_rates_give_the_degrees_of_the_specification(int n, int degree, int threshold) =>
        Assert.Equal(new GraphParameters(n, degree, threshold), GraphParameters.For(n, 0.1, 0.3));

    [Theory]
    [InlineData(3, 2)]
    [InlineData(4, 3)]
    [InlineData(10, 7)]
    [InlineData(34, 23)]
    public void Few_devices_get_the_complete_graph(int n, int threshold)
    {
        var parameters = GraphParameters.For(n, 0.1, 0.3);
        Assert.True(parameters.IsComplete);
        Assert.Equal(new GraphParameters(n, n - 1, threshold), parameters);
    }

    [Fact]
    public void From_thirty_five_devices_on_the_graph_is_sparse()
    {
        Assert.False(GraphParameters.For(GraphParameters.CompleteUpTo + 1, 0.1, 0.3).IsComplete);
        Assert.Equal(GraphParameters.Sparse(35, 0.1, 0.3), GraphParameters.For(35, 0.1, 0.3));
    }

    [Fact]
    public void Without_corrupt_devices_the_threshold_of_two_is_counted_as_such()
    {
        // The table raises a threshold of 1 to 2 after the check for failure, so its degree may be too small; For never is.
        var (published, ours) = (GraphParameters.Sparse(100, 0, 0.05), GraphParameters.For(100, 0, 0.05));
        Assert.Equal((2, 2), (published.Threshold, ours.Threshold));
        Assert.True(ours.Degree > published.Degree);
        Assert.True(new Hypergeometric(100, 95, published.Degree).Below(2) > Math.ScaleB(1, -20) / 100);
        Assert.True(new Hypergeometric(100, 95, ours.Degree).Below(2) < Math.ScaleB(1, -20) / 100);
    }

    [Theory]
    [InlineData(2, 0.1, 0.1)]
    [InlineData(1_000_001, 0.1, 0.1)]
    [InlineData(100, -0.1, 0.1)]
    [InlineData(100, 1.0, 0.1)]
    [InlineData(100, 0.1, double.NaN)]
    [InlineData(100, 0.1, 1.0)]
    public void Numbers_that_make_no_sense_are_refused(int n, double corrupt, double dropout)
    {
        Assert.Throws<ArgumentOutOfRangeException>(() => GraphParameters.For(n, corrupt, dropout));
        Assert.Throws<ArgumentOutOfRangeException>(() => GraphParameters.Sparse(n, corrupt, dropout));
        Assert.Throws<ArgumentOutOfRangeException>(() => GraphParameters.ForHalfWindows(n, corrupt, dropout));
    }

    [Fact]
    public void Rates_that_leave_too_few_are_refused_for_any_number()
    {
        Assert.False(Assert.Throws<InfeasibleGraphException>(() => GraphParameters.For(1000, 0.5, 0.41)).CompleteGraphMayDo);
        Assert.False(Assert.Throws<InfeasibleGraphException>(() => GraphParameters.For(10, 0.33, 0.3, ServerModel.SemiMalicious)).CompleteGraphMayDo);
    }

    private static int Number(string text) => int.Parse(text, CultureInfo.InvariantCulture);

    private static double Rate(string text) => double.Parse(text, CultureInfo.InvariantCulture);
}
