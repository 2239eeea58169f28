namespace PersonaTune.Privacy.Auditing;

/// <summary>
/// The probabilities of a binomial distribution, all of them at once: weights relative to the mode by the ratio of neighbours
/// p(k+1) / p(k) = (n - k) / (k + 1) * q / (1 - q), divided by their sum, so that no gamma function limits the accuracy. Immutable.
/// </summary>
internal sealed class BinomialLaw
{
    private readonly double[] _probabilities;
    private readonly double[] _upperTails;

    public BinomialLaw(int trials, double successProbability)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(trials);
        if (!(successProbability is >= 0 and <= 1)) throw new ArgumentOutOfRangeException(nameof(successProbability), successProbability, "expected 0 to 1");
        _probabilities = new double[trials + 1];
        _upperTails = new double[trials + 2];
        Fill(trials, successProbability);
    }

    /// <summary>P[X = k]; 0 outside 0 to n.</summary>
    public double Probability(int k) => k < 0 || k >= _probabilities.Length ? 0 : _probabilities[k];

    /// <summary>P[X >= k].</summary>
    public double UpperTail(int k) => k <= 0 ? 1 : k >= _upperTails.Length ? 0 : _upperTails[k];

    private void Fill(int n, double q)
    {
        var p = _probabilities;
        if (q is 0 or 1)
        {
            p[q == 0 ? 0 : n] = 1;
        }
        else
        {
            var mode = (int)Math.Min(n, Math.Floor((n + 1) * q));
            var odds = q / (1 - q);
            p[mode] = 1;
            for (var k = mode; k < n; k++) p[k + 1] = p[k] * ((double)(n - k) / (k + 1)) * odds;
            for (var k = mode; k > 0; k--) p[k - 1] = p[k] * (k / (double)(n - k + 1)) / odds;
            // Small ones first, from both ends towards the mode.
            double below = 0, above = 0;
            for (var k = 0; k < mode; k++) below += p[k];
            for (var k = n; k > mode; k--) above += p[k];
            var total = below + above + 1;
            for (var k = 0; k <= n; k++) p[k] /= total;
        }

        for (var k = n; k >= 0; k--) _upperTails[k] = Math.Min(1, _upperTails[k + 1] + p[k]);
    }
}
