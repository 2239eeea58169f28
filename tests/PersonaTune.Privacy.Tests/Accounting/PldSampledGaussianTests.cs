using System.Collections.Concurrent;
using PersonaTune.Privacy.Accounting;

namespace PersonaTune.Privacy.Tests.Accounting;

/// <summary>
/// The Poisson-subsampled Gaussian against a3, a4 and a6 (dp_accounting 0.6.0 PLD, connect the dots against privacy buckets) and g1
/// (Opacus RDP and PRV). Rows of one composition are checked together, so that it is computed once.
/// </summary>
/// <remarks>
/// dp_accounting adds the mass it cuts, 1e-15, to delta and rounds in plain double precision, so its bounds may lie below ours where delta
/// is small: by up to 2e-5 of epsilon plus 3e-5 (our allowance for rounding
/// where rare great losses decide), inside the 1e-3 that shared/README.md allows.
/// </remarks>
[Trait("Duration", "Long")]
public sealed class PldSampledGaussianTests
{
    private const double RelativeRounding = 2e-5;
    private const double EpsilonTolerance = 3e-5;

    /// <summary>
    /// A shift of epsilon by 4e-5, which coarsening a wide window may cost, changes delta by this part where it falls fast.
    /// </summary>
    private const double RelativeDelta = 2e-4;

    /// <summary>
    /// dp_accounting's rounding in a4, and the 1e-15 of cut mass that it counts into delta on both sides: in 40 rows with delta below
    /// 1e-9 its optimistic column lies above its pessimistic one, or is negative, by up to 5e-13.
    /// </summary>
    private const double PeerNoise = 1e-12;

    [Fact]
    public void Every_row_of_a3_a4_and_g1_lies_between_its_bounds()
    {
        var spacings = new Dictionary<(double, double, long), double>();
        List<(Composition Key, string File, string[] Row)> rows = [];
        foreach (var file in new[] { "a3_pld_eps_poisson_gaussian.csv", "a4_pld_delta_poisson_gaussian.csv" })
        {
            foreach (var row in ReferenceRows.Read(file))
            {
                var key = new Composition(Number(row[0]), Number(row[1]), (long)Number(row[2]), Number(row[6]));
                spacings[(key.Sigma, key.Probability, key.Steps)] = key.Spacing;
                rows.Add((key, file, row));
            }
        }

        const string Opacus = "g1_opacus_rdp_prv_eps.csv";
        foreach (var row in ReferenceRows.Read(Opacus))
        {
            var (sigma, q, steps) = (Number(row[0]), Number(row[1]), (long)Number(row[2]));
            rows.Add((new(sigma, q, steps, spacings.GetValueOrDefault((sigma, q, steps), PldGrid.DefaultSpacing)), Opacus, row));
        }

        ConcurrentBag<string> complaints = [];
        Parallel.ForEach(rows.GroupBy(item => item.Key), group =>
        {
            PrivacyLossDistribution upper = group.Key.Build(PldEstimate.Pessimistic), lower = group.Key.Build(PldEstimate.Optimistic);
            foreach (var (_, file, row) in group)
            {
                var complaint = file[..2] switch
                {
                    "a3" => CheckEpsilon(row, upper, lower),
                    "a4" => CheckDelta(row, upper, lower),
                    _ => CheckOpacus(row, upper),
                };
                if (complaint is not null) complaints.Add($"{file}: {string.Join(',', row)}: {complaint}");
            }
        });
        var first = string.Join('\n', complaints.Order().Take(20));
        Assert.True(complaints.IsEmpty, $"{complaints.Count} of {rows.Count} rows differ:\n{first}");
    }

    [Fact]
    public void Every_row_of_a6_converges_in_the_spacing()
    {
        ReferenceCells.All("a6_pld_convergence_in_discretisation.csv", row =>
        {
            var key = new Composition(Number(row[0]), Number(row[1]), (long)Number(row[2]), Number(row[4]));
            var (delta, peer) = (Number(row[3]), Number(row[5]));

            // A wide window may be computed on a coarser grid where that costs no more than 4e-5 (PldComposition.CoarseningLimit).
            var ours = key.Build(PldEstimate.Pessimistic).GetEpsilon(delta);
            return ReferenceCells.Above(peer, ours, 1e-6, 4e-5) ?? ReferenceCells.Above(ours, peer, 1e-6, 4e-5);
        });
    }

    [Theory]
    // Anchor of secure-aggregation.md: PLD 1.82824 (a3: 1.8282436456227338); RDP 2.1014.
    [InlineData(1, 0.01, 1000, 1e-5, 1.82824)]
    public void The_anchor_row_is_met(double sigma, double q, long steps, double delta, double expected)
    {
        var key = new Composition(sigma, q, steps, PldGrid.DefaultSpacing);
        var upper = key.Build(PldEstimate.Pessimistic).GetEpsilon(delta);
        Assert.Equal(expected, upper, 1e-5);
        Assert.InRange(upper - key.Build(PldEstimate.Optimistic).GetEpsilon(delta), 0, 1e-3);
    }

    private static string? CheckEpsilon(string[] row, PrivacyLossDistribution upper, PrivacyLossDistribution lower)
    {
        var (delta, pessimistic, optimistic) = (Number(row[3]), Number(row[4]), Number(row[5]));
        double ours = upper.GetEpsilon(delta), oursLower = lower.GetEpsilon(delta);
        if (oursLower > ours) return $"lower bound {oursLower:R} above upper bound {ours:R}";
        if (ReferenceCells.Above(pessimistic, ours, RelativeRounding, EpsilonTolerance) is { } above) return above;

        // Beyond 700 the peer's exp underflows, and it answers the loss that is exceeded with probability delta: more than epsilon. There
        // our own lower bound, and for q = 1 the exact value (see PldOverflowTests), take its place.
        if (row[7].StartsWith("ANCHOR_OVERFLOW", StringComparison.Ordinal))
            return ours > pessimistic - 2 ? null : $"{ours:R} is not near {pessimistic:R}";
        return ours < optimistic * (1 - 1e-12) ? $"below the optimistic {optimistic:R}: {ours:R}" : null;
    }

    private static string? CheckDelta(string[] row, PrivacyLossDistribution upper, PrivacyLossDistribution lower)
    {
        var (epsilon, pessimistic, optimistic) = (Number(row[3]), Number(row[4]), Number(row[5]));
        double ours = upper.GetDelta(epsilon), oursLower = lower.GetDelta(epsilon);
        if (oursLower > ours) return $"lower bound {oursLower:R} above upper bound {ours:R}";
        if (ReferenceCells.Above(pessimistic, ours, RelativeDelta, PeerNoise) is { } above) return above;
        return ours < optimistic * (1 - 1e-9) - PeerNoise ? $"below the optimistic {optimistic:R}: {ours:R}" : null;
    }

    private static string? CheckOpacus(string[] row, PrivacyLossDistribution upper)
    {
        var ours = upper.GetEpsilon(Number(row[3]));
        if (ReferenceCells.Above(Number(row[4]), ours, 1e-9, upper.Grid.Spacing) is { } aboveRdp) return aboveRdp;
        return row[6].Length > 0 && ours < Number(row[6]) ? $"below the PRV bound: {ours:R}" : null;
    }

    private static double Number(string cell) => ReferenceCells.Number(cell);

    private readonly record struct Composition(double Sigma, double Probability, long Steps, double Spacing)
    {
        public PrivacyLossDistribution Build(PldEstimate estimate) =>
            PrivacyLossDistribution.SampledGaussian(Sigma, Probability, grid: new(Spacing, estimate)).SelfCompose(Steps);
    }
}
