namespace PersonaTune.Privacy.SecureAggregation;

/// <summary>
/// How many neighbours a device has and how many of them can reconstruct its secrets, chosen so that with probability at least
/// 1 - 2^-40 nobody's secrets fall to the corrupt devices and no set of honest survivors is cut off from the others, and with
/// probability at least 1 - 2^-20 enough survive to finish. Assumes that corrupt devices and dropouts are at most the given
/// rates and that the ring order was drawn after they were fixed (<see cref="NeighbourGraph"/>). Immutable and thread-safe.
/// </summary>
/// <remarks>Bell, Bonawitz, Gascon, Lepoint, Raykova, "Secure single-server aggregation with (poly)logarithmic overhead", 2020.</remarks>
/// <param name="Count">The number of devices n.</param>
/// <param name="Degree">The number of neighbours k of each.</param>
/// <param name="Threshold">The number of shares t that give a secret.</param>
/// <param name="HalfWindowMinimum">The reports that every half window must hold (<see cref="ForHalfWindows"/>), or 0 where the rule is not used.</param>
public sealed record GraphParameters(int Count, int Degree, int Threshold, int HalfWindowMinimum = 0)
{
    /// <summary>The largest number of devices, 1,000,000.</summary>
    public const int MaxCount = 1_000_000;

    /// <summary>Up to this many devices <see cref="For"/> takes the complete graph: a sparse one would save little.</summary>
    public const int CompleteUpTo = 34;

    private const int SecurityExponent = 40;
    private const int CorrectnessExponent = 20;

    // n rate may land just beside an integer that the exact product hits.
    private const double Slack = 1e-14;

    /// <summary>Whether everybody is everybody's neighbour.</summary>
    public bool IsComplete => Degree == Count - 1;

    /// <summary>The complete graph for up to <see cref="CompleteUpTo"/> devices or where no sparse graph will do, else <see cref="Sparse"/>.</summary>
    /// <exception cref="InfeasibleGraphException">The rates are impossible for any number of devices.</exception>
    public static GraphParameters For(int count, double corruptRate, double dropoutRate, ServerModel server = ServerModel.Curious)
    {
        CheckRates(count, corruptRate, dropoutRate, server);
        if (count <= CompleteUpTo) return Complete(count);
        return SearchSparse(count, corruptRate, dropoutRate, server, least: 2) ?? Complete(count);
    }

    /// <summary>
    /// The complete graph with t = floor(2n/3) + 1, at most n - 1 because nobody holds a share of its own secret. A survivor's
    /// secret needs t other survivors, so a round needs t + 1 reports; fewer than a third may be corrupt.
    /// </summary>
    public static GraphParameters Complete(int count)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(count, 3);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(count, MaxCount);
        return new GraphParameters(count, count - 1, Math.Min(count - 1, (int)(2L * count / 3) + 1));
    }

    /// <summary>The smallest even degree that is safe for dropouts which nobody chooses, and its threshold.</summary>
    /// <exception cref="InfeasibleGraphException">There is none below n - 1.</exception>
    // Bad events, each with 2^-41: (a) the honest survivors fall apart: two disjoint runs of k/2 devices on the ring are all corrupt
    // or gone; there are n (n - k - 1) / 2 pairs of places, and a given set of k devices lies among the B bad ones with probability
    // C(B, k) / C(n, k). (b) t of somebody's neighbours are corrupt: hypergeometric tail, 2^-41 / n each. A server that
    // shows different survivors to different neighbours needs t shares of either secret of a device, so that it takes 2 t <= k
    // + corrupt; the semi-malicious threshold is above that. Failure: somebody keeps fewer than t neighbours, 2^-20 / n each.
    // The published search checks failure for the threshold it found and raises a threshold of 1 to 2 afterwards; the tables
    // contain such rows (no corrupt devices), which can fail more often than 2^-20. For raises it before.
    public static GraphParameters Sparse(int count, double corruptRate, double dropoutRate, ServerModel server = ServerModel.Curious)
    {
        CheckRates(count, corruptRate, dropoutRate, server);
        return SearchSparse(count, corruptRate, dropoutRate, server, least: 1)
            ?? throw new InfeasibleGraphException(count, corruptRate, dropoutRate, completeGraphMayDo: true);
    }

    /// <summary>
    /// The smallest degree with which a device can check for itself that the honest survivors hang together, whoever chose the
    /// dropouts: it refuses to unmask unless each half window, that is any k/2 devices in a row on the ring, holds at least
    /// <see cref="HalfWindowMinimum"/> reports.
    /// </summary>
    /// <exception cref="InfeasibleGraphException">There is none below n - 1.</exception>
    // With h = k/2, let m - 1 be the number of corrupt devices that a given half window exceeds with probability below 2^-41 / n.
    // There are n half windows, so with probability 1 - 2^-41 each of them with m reports holds an honest one; then the next
    // honest survivor on the ring is always a neighbour, and the honest survivors form one connected ring. The threshold is as in
    // Sparse, with the other 2^-41. For dropouts by chance a half window keeps m reports or fewer with probability below
    // 2^-20 / n: one report to spare, because whoever unmasks may itself be lost.
    public static GraphParameters ForHalfWindows(int count, double corruptRate, double dropoutRate)
    {
        CheckRates(count, corruptRate, dropoutRate, ServerModel.Curious);
        var (corrupt, survivors) = (Most(corruptRate, count), Least(1 - dropoutRate, count));
        for (var half = 1; 2 * half < count - 1; half++)
        {
            var minimum = new Hypergeometric(count, corrupt, half).UpperQuantile(SecurityLimit(count)) + 1;
            if (new Hypergeometric(count, survivors, half).LowerQuantile(CorrectnessLimit(count)) <= minimum) continue;
            var threshold = SafeThreshold(count, 2 * half, corrupt, ServerModel.Curious);
            if (new Hypergeometric(count, survivors, 2 * half).LowerQuantile(CorrectnessLimit(count)) < threshold) continue;
            return new GraphParameters(count, 2 * half, threshold, minimum);
        }

        throw new InfeasibleGraphException(count, corruptRate, dropoutRate, completeGraphMayDo: true);
    }

    private static GraphParameters? SearchSparse(int count, double corruptRate, double dropoutRate, ServerModel server, int least)
    {
        var (corrupt, survivors) = (Most(corruptRate, count), Least(1 - dropoutRate, count));
        var bad = corrupt + Most(dropoutRate, count);
        for (var degree = 2; degree < count - 1; degree += 2)
        {
            if (LogDisconnected(count, degree, bad) >= -(SecurityExponent + 1) * Math.Log(2)) continue;
            var threshold = Math.Max(least, SafeThreshold(count, degree, corrupt, server));
            if (new Hypergeometric(count, survivors, degree).LowerQuantile(CorrectnessLimit(count)) >= threshold)
                return new GraphParameters(count, degree, Math.Max(2, threshold));
        }

        return null;
    }

    private static int SafeThreshold(int count, int degree, int corrupt, ServerModel server)
    {
        var most = new Hypergeometric(count, corrupt, degree).UpperQuantile(SecurityLimit(count));
        return server == ServerModel.SemiMalicious ? (most + degree) / 2 + 1 : most + 1;
    }

    private static double LogDisconnected(int count, int degree, int bad) => degree > bad
        ? double.NegativeInfinity
        : Math.Log(count) + Math.Log(count - degree - 1) - Math.Log(2)
            + Hypergeometric.LogBinomial(bad, degree) - Hypergeometric.LogBinomial(count, degree);

    private static double SecurityLimit(int count) => Math.ScaleB(1, -SecurityExponent - 1) / count;

    private static double CorrectnessLimit(int count) => Math.ScaleB(1, -CorrectnessExponent) / count;

    private static int Most(double rate, int count) => (int)Math.Floor((rate + Slack) * count);

    private static int Least(double rate, int count) => (int)Math.Ceiling((rate - Slack) * count);

    private static void CheckRates(int count, double corruptRate, double dropoutRate, ServerModel server)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(count, 3);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(count, MaxCount);
        if (!(corruptRate is >= 0 and < 1)) throw new ArgumentOutOfRangeException(nameof(corruptRate), corruptRate, "a rate lies in [0, 1)");
        if (!(dropoutRate is >= 0 and < 1)) throw new ArgumentOutOfRangeException(nameof(dropoutRate), dropoutRate, "a rate lies in [0, 1)");
        var lost = corruptRate + (server == ServerModel.SemiMalicious ? 2 : 1) * dropoutRate;
        if (lost > 0.9) throw new InfeasibleGraphException(count, corruptRate, dropoutRate, completeGraphMayDo: false);
    }
}
