using PersonaTune.Privacy.Accounting;

namespace PersonaTune.Privacy.Tests.Accounting;

public sealed class PldSingleMechanismTests
{
    /// <summary>c1: mpmath with 50 digits is the truth; exact zeros must be zeros.</summary>
    [Fact]
    public void Every_row_of_c1_is_exact()
    {
        ReferenceCells.All("c1_single_mechanism_delta.csv", row =>
        {
            var (parameter, sensitivity) = (Number(row[1]), Number(row[2]));
            var loss = row[0] switch
            {
                "gaussian" => PrivacyLossDistribution.Gaussian(parameter, sensitivity),
                "laplace" => PrivacyLossDistribution.Laplace(parameter, sensitivity),
                "discrete_gaussian" => PrivacyLossDistribution.DiscreteGaussian(parameter, (int)sensitivity),
                "discrete_laplace" => PrivacyLossDistribution.DiscreteLaplace(parameter, (int)sensitivity),
                _ => throw new InvalidDataException($"unknown mechanism '{row[0]}'"),
            };

            // Three rows ask for delta at the greatest loss itself, a * sensitivity: it is 0, but the binary 0.1 is no tenth, and mpmath
            // finds the difference (2.5e-52, 2.9e-17 and 2.9e-58).
            var epsilon = Number(row[3]);
            var absolute = row[0] == "discrete_laplace" && Math.Abs(parameter * sensitivity - epsilon) < 1e-15 ? 1e-16 : 0;
            return ReferenceCells.Differs(Number(row[5]), loss.GetDelta(epsilon), 1e-9, absolute);
        });
    }

    /// <summary>c2: dp_accounting's doubles, which subtract two probabilities and so carry an absolute error of about 1e-16.</summary>
    [Fact]
    public void Every_row_of_c2_is_exact()
    {
        ReferenceCells.All("c2_subsampled_single_delta.csv", row =>
        {
            var (parameter, q, epsilon) = (Number(row[1]), Number(row[2]), Number(row[4]));
            PrivacyLossDensity unsampled = row[0] switch
            {
                "gaussian" => new PrivacyLossGaussian(1 / parameter),
                "laplace" => new PrivacyLossLaplace(1 / parameter),
                _ => throw new InvalidDataException($"unknown mechanism '{row[0]}'"),
            };
            PrivacyLossMechanism sampled = row[3] switch
            {
                "ADD" => new PrivacyLossSampled(unsampled, q, Added: true),
                "REMOVE" => new PrivacyLossSampled(unsampled, q, Added: false),
                "REPLACE" => new PrivacyLossReplacedSample(parameter, q),
                _ => throw new InvalidDataException($"unknown adjacency '{row[3]}'"),
            };
            return ReferenceCells.Differs(Number(row[5]), sampled.Delta(epsilon), 1e-9, 2e-16);
        });
    }

    public static TheoryData<string> Mechanisms => [.. Pairs.Keys];

    private static Dictionary<string, PrivacyLossMechanism> Pairs { get; } = new()
    {
        ["gaussian"] = new PrivacyLossGaussian(0.7),
        ["laplace"] = new PrivacyLossLaplace(1.3),
        ["discrete gaussian"] = new PrivacyLossDiscreteGaussian(3, 2),
        ["wide discrete gaussian"] = new PrivacyLossDiscreteGaussian(600, 400),
        ["discrete laplace"] = new PrivacyLossDiscreteLaplace(0.4, 3),
        ["randomized response"] = PrivacyLossOutcomes.ResponseReplaced(0.4, 5),
        ["special response"] = PrivacyLossOutcomes.ResponseSpecial(0.4, 5, fromSpecial: true),
        ["epsilon delta"] = PrivacyLossOutcomes.EpsilonDelta(0.8, 1e-3),
        ["sampled gaussian"] = new PrivacyLossSampled(new PrivacyLossGaussian(0.9), 0.2, Added: false),
        ["sampled gaussian added"] = new PrivacyLossSampled(new PrivacyLossGaussian(0.9), 0.2, Added: true),
        ["sampled laplace"] = new PrivacyLossSampled(new PrivacyLossLaplace(2), 0.3, Added: false),
        ["sampled laplace added"] = new PrivacyLossSampled(new PrivacyLossLaplace(2), 0.3, Added: true),
        ["sampled discrete gaussian"] = new PrivacyLossSampledAtoms(new PrivacyLossDiscreteGaussian(2, 1), 0.1, Added: false),
        ["sampled discrete laplace added"] = new PrivacyLossSampledAtoms(new PrivacyLossDiscreteLaplace(0.5, 2), 0.1, Added: true),
        ["replaced sample"] = new PrivacyLossReplacedSample(1.5, 0.3),
        ["mixture"] = new PrivacyLossMixture(1, [(0, 0.5), (1, 0.3), (2, 0.2)]),
        ["mixture reversed"] = new PrivacyLossReversed(new PrivacyLossMixture(1, [(0, 0.5), (1, 0.3), (2, 0.2)])),
        ["weighted"] = new PrivacyLossWeighted(new PrivacyLossGaussian(1), 0.25, new PrivacyLossLaplace(1)),
    };

    [Theory]
    [MemberData(nameof(Mechanisms))]
    public void The_grid_encloses_the_exact_delta(string name)
    {
        const double Spacing = 1e-2;
        var mechanism = Pairs[name];
        PldPmf upper = mechanism.Discretize(new(Spacing)), lower = mechanism.Discretize(new(Spacing, PldEstimate.Optimistic));
        foreach (var epsilon in new[] { 0, 0.003, 0.1, 0.1234, 0.5, 1, 1.777 })
        {
            var exact = mechanism.Delta(epsilon);
            double above = new PldWindow(upper, 0, 0, 0).Delta(epsilon) + upper.InfinityMass;
            double below = new PldWindow(lower, 0, 0, 0).Delta(epsilon) + lower.InfinityMass;
            Assert.InRange(exact, below - 1e-14, above + 1e-14);

            // A loss moves by less than the spacing.
            Assert.InRange(above - below, -1e-14, 1.1 * Spacing);
        }
    }

    [Theory]
    [MemberData(nameof(Mechanisms))]
    public void The_grid_keeps_all_mass_and_never_lets_the_lower_distribution_lose_any(string name)
    {
        var upper = Pairs[name].Discretize(new(1e-2));
        double mass = upper.InfinityMass, lower = 0;
        for (var i = 0; i < upper.Count; i++)
        {
            mass += upper.Masses[i];
            lower += upper.Masses[i] * Math.Exp(-upper.LossAt(i));
        }
        Assert.Equal(1, mass, 1e-12);
        Assert.InRange(lower, 0, 1 + 1e-12);
    }

    [Fact]
    public void A_coarser_grid_encloses_a_finer_one()
    {
        var mechanism = new PrivacyLossSampled(new PrivacyLossGaussian(0.9), 0.2, Added: false);
        foreach (var estimate in new[] { PldEstimate.Pessimistic, PldEstimate.Optimistic })
        {
            var fine = mechanism.Discretize(new(1e-3, estimate));
            var coarse = fine.Coarsen(8e-3);
            Assert.Equal(8e-3, coarse.Spacing);
            foreach (var epsilon in new[] { 0, 0.05, 0.2, 0.7 })
            {
                double finer = new PldWindow(fine, 0, 0, 0).Delta(epsilon), coarser = new PldWindow(coarse, 0, 0, 0).Delta(epsilon);
                if (estimate == PldEstimate.Pessimistic) Assert.InRange(coarser, finer - 1e-15, finer + 8e-3);
                else Assert.InRange(coarser, finer - 8e-3, finer + 1e-15);
            }
        }
    }

    private static double Number(string cell) => ReferenceCells.Number(cell);
}
