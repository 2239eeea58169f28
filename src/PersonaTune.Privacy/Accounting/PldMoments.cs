namespace PersonaTune.Privacy.Accounting;

/// <summary>
/// The logarithmic moment generating function K(t) = ln E[exp(t loss)] (finite losses only) of a sum of independent losses.
/// </summary>
internal sealed class PldMoments
{
    // Positions up to here are kept as they are; further out, bins grow by this ratio and stand at their centre of mass.
    private const double ExactPositions = 256;
    private const double BinRatio = 1.01;

    private readonly List<(double[] Losses, double[] Masses, long Count)> terms = [];

    /// <summary>Moments of a sum of independent losses, each taken some number of times.</summary>
    /// <param name="terms">The distributions and how often each is taken.</param>
    /// <param name="approximate">Whether to bin positions: much faster, good enough to choose parameters, no bound.</param>
    public PldMoments(IEnumerable<(PldPmf Pmf, long Count)> terms, bool approximate)
    {
        foreach (var (pmf, count) in terms)
        {
            var (losses, masses) = approximate ? Bins(pmf) : All(pmf);
            this.terms.Add((losses, masses, count));
        }
    }

    /// <summary>K of one term, taken once.</summary>
    public double LogOf(int term, double tilt)
    {
        var (losses, masses, _) = terms[term];
        return Evaluate(losses, masses, tilt).Log;
    }

    /// <summary>K' of one term, taken once.</summary>
    public double MeanOf(int term, double tilt)
    {
        var (losses, masses, _) = terms[term];
        return Evaluate(losses, masses, tilt).Mean;
    }

    /// <summary>K(t).</summary>
    public double Log(double tilt) => At(tilt).Log;

    /// <summary>K(t), K'(t) and K''(t).</summary>
    public (double Log, double Mean, double Variance) At(double tilt)
    {
        double log = 0, mean = 0, variance = 0;
        foreach (var (losses, masses, count) in terms)
        {
            var term = Evaluate(losses, masses, tilt);
            log += count * term.Log;
            mean += count * term.Mean;
            variance += count * term.Variance;
        }
        return (log, mean, variance);
    }

    private static (double Log, double Mean, double Variance) Evaluate(double[] losses, double[] masses, double tilt)
    {
        if (losses.Length == 0) return (double.NegativeInfinity, 0, 0);
        var greatest = Math.Max(tilt * losses[0], tilt * losses[^1]);
        double sum = 0, first = 0, second = 0;
        var origin = tilt >= 0 ? losses[^1] : losses[0];
        for (var i = 0; i < losses.Length; i++)
        {
            var weight = masses[i] * Math.Exp(tilt * losses[i] - greatest);
            var distance = losses[i] - origin;
            sum += weight;
            first += weight * distance;
            second += weight * distance * distance;
        }
        var mean = first / sum;
        return (greatest + Math.Log(sum), origin + mean, Math.Max(0, second / sum - mean * mean));
    }

    private static (double[] Losses, double[] Masses) All(PldPmf pmf)
    {
        var kept = Enumerable.Range(0, pmf.Count).Where(i => pmf.Masses[i] > 0).ToArray();
        return ([.. kept.Select(pmf.LossAt)], [.. kept.Select(i => pmf.Masses[i])]);
    }

    private static (double[] Losses, double[] Masses) Bins(PldPmf pmf)
    {
        List<double> losses = [], masses = [];
        double binMass = 0, binMoment = 0;
        var binOf = long.MinValue;
        for (var i = 0; i < pmf.Count; i++)
        {
            var mass = pmf.Masses[i];
            if (mass == 0) continue;
            var bin = BinOf(pmf.PositionAt(i));
            if (bin != binOf) Close();
            binOf = bin;
            binMass += mass;
            binMoment += mass * pmf.LossAt(i);
        }
        Close();
        return ([.. losses], [.. masses]);

        void Close()
        {
            if (binMass > 0)
            {
                losses.Add(binMoment / binMass);
                masses.Add(binMass);
            }
            (binMass, binMoment) = (0, 0);
        }
    }

    private static long BinOf(long position)
    {
        var size = Math.Abs(position);
        if (size <= ExactPositions) return position;
        return Math.Sign(position) * (long)(ExactPositions + 1 + Math.Log(size / ExactPositions) / Math.Log(BinRatio));
    }
}
