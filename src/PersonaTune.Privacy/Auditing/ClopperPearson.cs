namespace PersonaTune.Privacy.Auditing;

/// <summary>
/// Exact one-sided confidence bounds of a binomial success probability (Clopper and Pearson 1934): each bound is wrong with probability alpha
/// at most. Thread-safe.
/// </summary>
public static class ClopperPearson
{
    /// <summary>The smallest success probability under which at least <paramref name="successes"/> have probability alpha; 0 for no success.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The counts do not fit each other, or alpha is not above 0 and below 1.</exception>
    public static double Lower(int successes, int trials, double alpha)
    {
        Check(successes, trials, alpha);
        return successes == 0 ? 0 : Solve(q => new BinomialLaw(trials, q).UpperTail(successes) < alpha);
    }

    /// <summary>The largest success probability under which at most <paramref name="successes"/> have probability alpha; 1 if all succeeded.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The counts do not fit each other, or alpha is not above 0 and below 1.</exception>
    public static double Upper(int successes, int trials, double alpha) => 1 - Lower(trials - successes, trials, alpha);

    private static double Solve(Func<double, bool> below)
    {
        double low = 0, high = 1;
        while (high - low > 1e-15 * Math.Max(high, 1e-300) && (low + high) / 2 is var middle && middle > low && middle < high)
        {
            if (below(middle)) low = middle;
            else high = middle;
        }

        return low;
    }

    private static void Check(int successes, int trials, double alpha)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(trials, 1);
        ArgumentOutOfRangeException.ThrowIfNegative(successes);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(successes, trials);
        if (!(alpha is > 0 and < 1)) throw new ArgumentOutOfRangeException(nameof(alpha), alpha, "expected above 0 and below 1");
    }
}
