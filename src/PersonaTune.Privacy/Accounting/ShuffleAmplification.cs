namespace PersonaTune.Privacy.Accounting;

/// <summary>
/// Privacy amplification by shuffling (Feldman, McMillan and Talwar 2021): n reports, each epsilon0-DP on its own, of which only the
/// shuffled multiset is seen. Relation: <see cref="NeighbouringRelation.ReplaceOne"/>.
/// </summary>
/// <remarks>
/// Assumptions: every report is made by an epsilon0-DP local randomizer, n reports are honest, and the shuffler does not collude. The
/// analysis reduces the difference of two inputs to P against Q: C from Bin(n - 1, exp(-epsilon0)), A from Bin(C, 1/2), and (A + 1, C -
/// A) in probability e/(e + 1) or (A, C - A + 1) otherwise under P, exchanged under Q, with e = exp(epsilon0). Given C both are mixtures
/// of two shifted binomials whose likelihood ratio falls as the first count grows, so delta is a sum of binomial tails. P and Q are
/// mirror images.
/// </remarks>
public static class ShuffleAmplification
{
    // What is left out of the sum over C, as a fraction of the target delta.
    private const double LeftOut = 1e-9;

    /// <summary>
    /// The closed form of the paper's reference code (theorem 3.1 with exp(-epsilon0 - epsilon) for exp(-epsilon0), so a little larger);
    /// epsilon0 itself where n is too small for it.
    /// </summary>
    /// <param name="reports">Number n of honest reports, 2 or more.</param>
    /// <param name="localEpsilon">Epsilon of one report, above 0.</param>
    /// <param name="delta">Target delta, above 0 and below 1.</param>
    public static double ClosedForm(int reports, double localEpsilon, double delta)
    {
        Check(reports, localEpsilon, delta);
        var logTerm = Math.Log(4 / delta);
        if (localEpsilon > Math.Log(reports / (16 * logTerm))) return localEpsilon;
        var power = Math.Exp(localEpsilon);
        var spread = (8 * Math.Sqrt(power * logTerm / reports)) + (8 * power / reports);
        return LogDomain.Log1P((1 - (1 / power)) * spread / (1 + (1 / (power * (1 + spread)))));
    }

    /// <summary>The smallest epsilon the reduction gives, by summation and bisection; valid for every n. Rounded up.</summary>
    /// <param name="reports">Number n of honest reports, 2 or more.</param>
    /// <param name="localEpsilon">Epsilon of one report, above 0.</param>
    /// <param name="delta">Target delta, above 0 and below 1.</param>
    /// <param name="tolerance">Width at which bisection stops, relative to <paramref name="localEpsilon"/>.</param>
    public static double UpperBound(int reports, double localEpsilon, double delta, double tolerance = 1e-6) =>
        Bisect(reports, localEpsilon, delta, tolerance).Upper;

    /// <summary>An epsilon that the reduction surely exceeds; how much a better summation could still gain. Rounded down.</summary>
    /// <param name="reports">Number n of honest reports, 2 or more.</param>
    /// <param name="localEpsilon">Epsilon of one report, above 0.</param>
    /// <param name="delta">Target delta, above 0 and below 1.</param>
    /// <param name="tolerance">Width at which bisection stops, relative to <paramref name="localEpsilon"/>.</param>
    public static double LowerBound(int reports, double localEpsilon, double delta, double tolerance = 1e-6) =>
        Bisect(reports, localEpsilon, delta, tolerance).Lower;

    private static (double Lower, double Upper) Bisect(int reports, double localEpsilon, double delta, double tolerance)
    {
        Check(reports, localEpsilon, delta);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(tolerance);
        var reduction = new ShuffleReduction(reports, localEpsilon, LeftOut * delta);

        // At epsilon0 nothing is lost, whatever C is.
        var upper = Narrow(epsilon => reduction.Delta(epsilon) + reduction.OmittedMass <= delta).Holds;
        var lower = Narrow(epsilon => reduction.Delta(epsilon) <= delta).Fails;
        return (lower, upper);

        (double Fails, double Holds) Narrow(Func<double, bool> within)
        {
            var (fails, holds) = (0.0, localEpsilon);
            if (within(0)) return (0, 0);
            while (holds - fails > tolerance * localEpsilon)
            {
                var middle = (fails + holds) / 2;
                if (within(middle)) holds = middle;
                else fails = middle;
            }

            return (fails, holds);
        }
    }

    private static void Check(int reports, double localEpsilon, double delta)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(reports, 2);
        if (!(localEpsilon > 0) || !double.IsFinite(localEpsilon))
        {
            throw new ArgumentOutOfRangeException(
                nameof(localEpsilon), $"local epsilon is {localEpsilon}, expected a finite number above 0");
        }

        if (!(delta is > 0 and < 1))
            throw new ArgumentOutOfRangeException(nameof(delta), $"delta is {delta}, expected a number above 0 and below 1");
    }
}
