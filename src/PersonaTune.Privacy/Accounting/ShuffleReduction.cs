namespace PersonaTune.Privacy.Accounting;

/// <summary>
/// The pair of distributions to which <see cref="ShuffleAmplification"/> reduces a shuffle, restricted to the likely values of C.
/// </summary>
internal sealed class ShuffleReduction
{
    // Tails are carried from one C to the next; every so often they are computed afresh so that rounding cannot add up.
    private const int Refresh = 256;

    private readonly double _localEpsilon;
    private readonly int _first;
    private readonly double[] _mass;

    /// <summary>Chooses the window of C outside which at most the given mass lies (Bernstein's inequality).</summary>
    public ShuffleReduction(int reports, double localEpsilon, double omittedMass)
    {
        _localEpsilon = localEpsilon;
        OmittedMass = omittedMass;
        var trials = reports - 1;
        var mean = trials * Math.Exp(-localEpsilon);
        var variance = mean * -LogDomain.Expm1(-localEpsilon);
        var log = Math.Log(2 / omittedMass);
        var reach = (log / 3) + Math.Sqrt((log * log / 9) + (2 * log * variance));
        _first = (int)Math.Max(0, Math.Floor(mean - reach));
        var last = (int)Math.Min(trials, Math.Ceiling(mean + reach));
        _mass = new double[last - _first + 1];

        // Masses relative to the likeliest C by their ratios; log-gamma values would lose digits at a million reports.
        var odds = 1 / LogDomain.Expm1(localEpsilon);
        var peak = Math.Clamp((int)mean, _first, last) - _first;
        _mass[peak] = 1;
        for (var i = peak + 1; i < _mass.Length; i++) _mass[i] = _mass[i - 1] * odds * (trials - (_first + i - 1)) / (_first + i);
        for (var i = peak - 1; i >= 0; i--) _mass[i] = _mass[i + 1] * (_first + i + 1) / (odds * (trials - (_first + i)));
        var total = _mass.Sum();
        for (var i = 0; i < _mass.Length; i++) _mass[i] /= total;
    }

    /// <summary>Bound on the probability that C lies outside the window.</summary>
    public double OmittedMass { get; }

    /// <summary>The smallest delta for an epsilon, without what the omitted mass could add.</summary>
    public double Delta(double epsilon)
    {
        if (epsilon >= _localEpsilon) return 0;
        var keep = 1 / (1 + Math.Exp(-_localEpsilon));
        var (power, swap) = (Math.Exp(epsilon), 1 / (1 + Math.Exp(_localEpsilon)));

        // P - exp(epsilon) Q = gain b(a) - cost b(a - 1), positive up to a cutoff because b(a - 1) / b(a) = a / (c + 1 - a) grows;
        // cost is at least gain, so the cutoff is at most half of c + 1.
        var gain = keep - (power * swap);
        var cost = (power * keep) - swap;
        var share = gain / (gain + cost);
        var sum = 0.0;
        var (at, tail, point) = (0, 0.0, 0.0);
        for (var i = _mass.Length - 1; i >= 0; i--)
        {
            var c = _first + i;
            var cutoff = (int)(share * (c + 1));
            if ((_mass.Length - 1 - i) % Refresh == 0 || at > c)
            {
                point = FairBinomial.Mass(c, cutoff);
                tail = point * FairBinomial.TailOverMass(c, cutoff);
            }
            else
            {
                // From c + 1 tosses to c: F(k) gains half the point mass of c at k; then k moves down to the new cutoff.
                point *= 2.0 * (c + 1 - at) / (c + 1);
                tail += point / 2;
                for (; at > cutoff; at--)
                {
                    tail -= point;
                    point *= at / (c - at + 1.0);
                }
            }

            at = cutoff;
            sum += _mass[i] * Math.Max(0, (gain * tail) - (cost * (tail - point)));
        }

        return sum;
    }
}
