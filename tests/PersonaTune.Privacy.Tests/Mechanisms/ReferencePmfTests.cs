using System.Globalization;
using PersonaTune.Privacy.Mechanisms;

namespace PersonaTune.Privacy.Tests.Mechanisms;

/// <summary>
/// Table c4 (exact probabilities and moments to 20 digits) against the stated laws and against what the tables of the samplers draw.
/// </summary>
public class ReferencePmfTests
{
    private static readonly Dictionary<string, IntegerNoise> Made = new(StringComparer.Ordinal);

    public static TheoryData<string, double, long, string, double, double> Rows()
    {
        var data = new TheoryData<string, double, long, string, double, double>();
        foreach (var row in ReferenceRows.Read("c4_pmf_moments.csv"))
            data.Add(row[0], Number(row[1]), long.Parse(row[2], CultureInfo.InvariantCulture), row[3], Number(row[4]), Number(row[5]));
        return data;
    }

    [Theory]
    [MemberData(nameof(Rows))]
    public void Law_tables_and_moments_equal_the_reference(string law, double parameter, long x, string probability, double variance,
        double fourth)
    {
        var noise = Make(law, parameter);
        // The logarithm is read from the text, because one probability (sigma 0.5 at 20) is below the smallest double.
        var log = Log(probability);
        Close(1, Math.Exp(noise.LogProbability(x) - log), 1e-9);
        Close(variance, noise.Variance, 1e-9);

        // Below 2^-100 the cut tail shows in relative terms; there the difference must be within the stated distance.
        var drawn = DrawnLaw.Probability(noise, (int)x);
        if (log > -100 * Math.Log(2)) Close(1, drawn / Math.Exp(log), 1e-9);
        else Assert.InRange(Math.Abs(drawn - Math.Exp(log)), 0, noise.DistanceBound);

        var (drawnVariance, drawnFourth) = DrawnLaw.Moments(noise);
        Close(variance, drawnVariance, 1e-9);
        Close(fourth, drawnFourth, 1e-9);
    }

    [Fact]
    public void Every_row_is_compared() => Assert.Equal(66, Rows().Count);

    private static IntegerNoise Make(string law, double parameter)
    {
        var key = $"{law} {parameter}";
        lock (Made)
        {
            if (!Made.TryGetValue(key, out var noise))
                Made[key] = noise = law == "discrete_gaussian" ? new DiscreteGaussianNoise(parameter) : new DiscreteLaplaceNoise(parameter);
            return noise;
        }
    }

    private static double Log(string number)
    {
        var parts = number.Split('e');
        return Math.Log(Number(parts[0])) + (parts.Length > 1 ? Number(parts[1]) * Math.Log(10) : 0);
    }

    private static double Number(string text) => double.Parse(text, CultureInfo.InvariantCulture);

    private static void Close(double expected, double found, double tolerance) =>
        Assert.InRange(found, expected * (1 - tolerance), expected * (1 + tolerance));
}
