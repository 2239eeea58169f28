namespace PersonaTune.Privacy.Accounting;

/// <summary>
/// Puts losses on a grid.
///
/// Pessimistic: the mass of a cell [l, l + d] moves to its two ends so that its mass under the upper distribution (U) and under the lower
/// one (L) both stay: what goes up is b = (U - e^l L) / (1 - e^-d). The result is a pair of which the original is a post-processing; in
/// terms of delta as a function of e^epsilon it joins the points on the grid by straight lines. Everything below the grid goes to its
/// lowest point; above its highest point h, delta(h) goes to infinity.
///
/// Optimistic: the outcomes of a bucket are merged, a post-processing; the loss ln(U / L) of the merged outcome is rounded down. The
/// edges of buckets are chosen so that this loss lies just above a grid point (tangents instead of chords) and hardly anything is lost by
/// rounding.
/// </summary>
internal static class PldDiscretization
{
    /// <summary>How far above its grid point the merged loss of a bucket is meant to lie, as part of the spacing.</summary>
    private const double BucketMargin = 2e-3;

    /// <summary>A finer grid than this many points is not built; the spacing doubles instead.</summary>
    private const double MostPoints = 1 << 21;

    /// <summary>The part of a mass at a distance above a grid point that moves up to the next.</summary>
    public static double ShareAbove(double distance, double spacing) => LogDomain.Expm1(-distance) / LogDomain.Expm1(-spacing);

    public static PldPmf FromDensity(PrivacyLossDensity mechanism, PldGrid grid)
    {
        var spacing = grid.Spacing;
        double lowest = mechanism.LowestLoss, highest = mechanism.HighestLoss;
        while ((highest - lowest) / spacing > MostPoints) spacing *= 2;
        long low = (long)Math.Floor(lowest / spacing), high = Math.Max((long)Math.Ceiling(highest / spacing), low + 1);
        return grid.Estimate == PldEstimate.Pessimistic ? Split(mechanism, spacing, low, high) : Merge(mechanism, spacing, low, high);
    }

    public static PldPmf FromAtoms(IEnumerable<PldAtom> outcomes, PldGrid grid)
    {
        var massAt = new Dictionary<long, double>();
        var infinityMass = 0.0;
        foreach (var (logUpper, loss) in outcomes)
        {
            var mass = Math.Exp(logUpper);
            if (double.IsPositiveInfinity(loss)) infinityMass += mass;
            if (mass == 0 || double.IsInfinity(loss)) continue;
            var position = (long)Math.Floor(loss / grid.Spacing);
            var distance = Math.Clamp(loss - position * grid.Spacing, 0, grid.Spacing);
            var above = grid.Estimate == PldEstimate.Pessimistic ? mass * ShareAbove(distance, grid.Spacing) : 0;
            massAt[position] = massAt.GetValueOrDefault(position) + mass - above;
            if (above > 0) massAt[position + 1] = massAt.GetValueOrDefault(position + 1) + above;
        }
        return PldPmf.Sparse(grid.Spacing, grid.Estimate, massAt, infinityMass);
    }

    private static PldPmf Split(PrivacyLossDensity mechanism, double spacing, long low, long high)
    {
        var masses = new double[high - low + 1];
        var gap = -LogDomain.Expm1(-spacing);
        var tail = mechanism.TailAt(low * spacing);
        masses[0] = tail.UpperBelow;
        for (var i = 0; i < masses.Length - 1; i++)
        {
            var next = mechanism.TailAt((low + i + 1) * spacing);
            double upper = tail.UpperUntil(next), lower = tail.LowerUntil(next);
            var scaledLower = lower == 0 ? 0 : Math.Exp((low + i) * spacing + Math.Log(lower));
            var above = Math.Clamp((upper - scaledLower) / gap, 0, upper);
            masses[i] += upper - above;
            masses[i + 1] += above;
            tail = next;
        }
        var infinityMass = Math.Min(mechanism.Delta(high * spacing), tail.UpperAbove);
        masses[^1] += tail.UpperAbove - infinityMass;
        Normalize(masses, 1 - infinityMass);
        return PldPmf.Dense(spacing, PldEstimate.Pessimistic, low, masses, infinityMass);
    }

    private static PldPmf Merge(PrivacyLossDensity mechanism, double spacing, long low, long high)
    {
        // One position more at the bottom for outcomes whose merged loss falls short of its grid point; what lies below is dropped.
        var masses = new double[high - low + 2];
        var (edge, above) = ((high + 0.5) * spacing, mechanism.TailAt((high + 0.5) * spacing));
        masses[^1] = above.UpperAbove;
        for (var position = high; position >= low; position--)
        {
            (edge, var below, var merged) = LowerEdge(mechanism, position * spacing, spacing, edge, above);
            var floor = Math.Clamp((long)Math.Floor(merged / spacing), position - 1, position);
            masses[floor - low + 1] += below.UpperUntil(above);
            above = below;
        }
        Normalize(masses, 1 - above.UpperBelow);
        return PldPmf.Dense(spacing, PldEstimate.Optimistic, low - 1, masses, 0);
    }

    /// <summary>
    /// Takes the rounding of a hundred thousand differences out of a sum that is known: T compositions would multiply it by T.
    /// </summary>
    private static void Normalize(double[] masses, double total)
    {
        double sum = 0, lost = 0;
        foreach (var mass in masses)
        {
            // Kahan's compensated summation.
            var corrected = mass - lost;
            var next = sum + corrected;
            lost = next - sum - corrected;
            sum = next;
        }
        var factor = total / sum;
        for (var i = 0; i < masses.Length; i++) masses[i] *= factor;
    }

    /// <summary>
    /// The lower edge of a bucket whose outcomes, merged, have a loss just above its grid point; the loss moves half as fast as the edge.
    /// </summary>
    private static (double Edge, PldTail Below, double Merged) LowerEdge(
        PrivacyLossDensity mechanism, double point, double spacing, double upperEdge, in PldTail above)
    {
        var edge = 2 * point - upperEdge;
        for (var step = 0; ; step++)
        {
            edge = Math.Clamp(edge, point - 0.9 * spacing, point - 0.1 * spacing);
            var below = mechanism.TailAt(edge);
            double upper = below.UpperUntil(above), lower = below.LowerUntil(above);
            if (upper == 0 || lower == 0) return (edge, below, point);
            var merged = Math.Log(upper / lower);
            var missing = point + BucketMargin * spacing - merged;
            var margin = BucketMargin * spacing;
            if (step == 4 || (missing <= 0.5 * margin && missing >= -2 * margin)) return (edge, below, merged);
            edge += 2 * missing;
        }
    }
}
