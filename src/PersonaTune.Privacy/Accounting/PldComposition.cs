using System.Numerics;

namespace PersonaTune.Privacy.Accounting;

/// <summary>
/// The loss of independent mechanisms together, for one direction: the convolution of their losses, computed where it matters.
///
/// For a tilt t the weights w = p exp(t l - K(t)) of every mechanism are transformed, raised to the power of their count and multiplied.
/// The sum's tilted distribution is concentrated around the epsilon at which t is the saddle point of the wanted delta, so rounding
/// errors of the transform stay relative to that delta, however small it is, and a window of some 18 standard deviations suffices. What
/// lies outside is bounded by Chernoff's inequality and counted as slack. Thread-safe.
/// </summary>
internal sealed class PldComposition
{
    /// <summary>Few enough positions to convolve directly, without any rounding to speak of.</summary>
    private const int SparseLimit = 4096;

    /// <summary>ln(1 / mass) of either tail outside a window.</summary>
    private const double TailExponent = 36;

    /// <summary>Decades of delta that share a window, so that neighbouring questions get answers from the same numbers.</summary>
    private const double DecadesPerWindow = 3;
    private const int LastWindow = 102;

    private const double PreferredPoints = 1 << 18;
    private const double MostPoints = 1 << 23;

    /// <summary>
    /// A window may coarsen the grid while (compositions x spacing^2), about three times the error in epsilon, stays below this.
    /// </summary>
    private const double CoarseningLimit = 1e-4;

    /// <summary>
    /// Allowance for the rounding of one transform coefficient, relative to the total mass; powers multiply it by the count.
    /// </summary>
    private const double RoundingOfOne = 2e-15;

    private const double MostTilt = 1 << 20;

    /// <summary>From this part of delta on, the slack is reduced by another window.</summary>
    private const double PoorSlack = 1e-7;

    // Keys of windows on the ladder are negative: no tilt that is looked for exceeds 1.2^80, about MostTilt.
    private const double LadderRatio = 1.2;
    private const int LadderOffset = 1000;

    /// <summary>The part of delta that the slack may take, in its window.</summary>
    private const double RelativeSlack = 1e-8;

    private readonly IReadOnlyList<(PrivacyLossMechanism Mechanism, long Count)> mechanisms;
    private readonly PldGrid grid;
    private readonly IReadOnlyList<(PldPmf Pmf, long Count)> terms;
    private readonly PldMoments approximate;
    private readonly PldWindow? exact;
    private readonly double compositions;
    private readonly double slack;
    private readonly Dictionary<int, PldWindow> windows = [];

    public PldComposition(IReadOnlyList<(PrivacyLossMechanism Mechanism, long Count)> mechanisms, PldGrid grid)
    {
        (this.mechanisms, this.grid) = (mechanisms, grid);
        terms = Discretize(grid.Spacing);
        compositions = terms.Sum(term => (double)term.Count);
        slack = 2 * Math.Exp(-TailExponent) + RoundingOfOne * (8 + compositions);
        InfinityMass = -LogDomain.Expm1(terms.Sum(term => term.Count * LogDomain.Log1P(-term.Pmf.InfinityMass)));
        GreatestLoss = terms.Sum(term => term.Count * term.Pmf.GreatestLoss);
        approximate = new(terms, approximate: true);
        exact = ConvolveDirectly() is { } few ? new(few, 0, 0, 0) : null;
    }

    /// <summary>Probability of an infinite loss.</summary>
    public double InfinityMass { get; }

    /// <summary>The greatest finite loss.</summary>
    public double GreatestLoss { get; }

    public double Delta(double epsilon)
    {
        if (epsilon >= GreatestLoss) return InfinityMass;
        if (exact is not null) return Math.Min(1, InfinityMass + exact.Delta(epsilon));

        // Chernoff's bound lies some decades too high; the answer it leads to says which window knows better. All answers are bounds.
        var guess = WindowOf(LogChernoff(epsilon));
        var window = Window(guess);
        var delta = window.Delta(epsilon);
        if (delta > 0 && WindowOf(Math.Log(delta)) > guess)
        {
            window = Window(WindowOf(Math.Log(delta)));
            delta = Tighter(delta, window.Delta(epsilon));
        }
        if (window.SlackAt(epsilon) > PoorSlack * delta) delta = Tighter(delta, Nearest(epsilon).Delta(epsilon));
        return Math.Min(1, InfinityMass + delta);
    }

    public double Epsilon(double delta)
    {
        if (delta >= 1) return 0;
        if (delta < InfinityMass) return double.PositiveInfinity;
        if (delta == InfinityMass) return Math.Max(0, GreatestLoss);
        var target = delta - InfinityMass;
        if (exact is not null) return exact.Epsilon(target, GreatestLoss);
        var window = Window(WindowOf(Math.Log(target)));
        var epsilon = window.Epsilon(target, GreatestLoss);
        return window.SlackAt(epsilon) > PoorSlack * target ? Tighter(epsilon, Nearest(epsilon).Epsilon(target, GreatestLoss)) : epsilon;
    }

    private double Tighter(double one, double other) =>
        grid.Estimate == PldEstimate.Pessimistic ? Math.Min(one, other) : Math.Max(one, other);

    private static int WindowOf(double logDelta) =>
        (int)Math.Clamp(Math.Floor(-logDelta / (DecadesPerWindow * Math.Log(10))), 0, LastWindow);

    /// <summary>The whole convolution if it has few positions, else null.</summary>
    private PldPmf? ConvolveDirectly()
    {
        if (terms is [{ Count: 1 }]) return terms[0].Pmf;
        PldPmf? sum = null;
        foreach (var (pmf, count) in terms)
        {
            if (!pmf.IsSparse) return null;
            var power = pmf;
            for (var rest = count; rest > 0; rest >>= 1)
            {
                if ((rest & 1) == 1 && (sum = sum is null ? power : sum.Convolve(power, SparseLimit)) is null) return null;
                if (rest > 1 && power.Convolve(power, SparseLimit) is var squared && (power = squared!) is null) return null;
            }
        }
        return sum;
    }

    /// <summary>The minimum over t of 0 or more of K(t) - t epsilon, approximately.</summary>
    private double LogChernoff(double epsilon)
    {
        var tilt = SaddlePoint(epsilon);
        return tilt == 0 ? 0 : approximate.Log(tilt) - tilt * epsilon;
    }

    /// <summary>The tilt whose mean lies at epsilon, where the scale of a window is least; 0 if the mean lies above without any.</summary>
    private double SaddlePoint(double epsilon)
    {
        if (approximate.At(0).Mean >= epsilon) return 0;
        var high = 1.0;
        while (high < MostTilt && approximate.At(high).Mean < epsilon) high *= 2;
        return Bisect(t => approximate.At(t).Mean < epsilon, high);
    }

    /// <summary>
    /// The least tilt that keeps the slack below a part of a delta. More would do too, but rare outcomes of great loss would then widen the
    /// window.
    /// </summary>
    private double TiltFor(double logDelta)
    {
        // No tilt helps below the probability of the greatest loss.
        var extreme = approximate.At(MostTilt);
        logDelta = Math.Max(logDelta, extreme.Log - MostTilt * extreme.Mean + 1);
        var allowed = logDelta + Math.Log(RelativeSlack / slack);
        if (allowed >= 0) return 0;

        // The best Chernoff bound, at which K(t) - t K'(t) = ln delta, says about where epsilon lies.
        bool IsBelow(double t) => approximate.At(t) is var at && at.Log - t * at.Mean > logDelta;
        var high = 1.0;
        while (high < MostTilt && IsBelow(high)) high *= 2;
        high = Bisect(IsBelow, high);
        var epsilon = (approximate.Log(high) - logDelta) / high;
        return Bisect(t => approximate.Log(t) - t * epsilon > allowed, high);
    }

    private static double Bisect(Func<double, bool> isBelow, double high)
    {
        var low = 0.0;
        for (var step = 0; step < 40; step++)
        {
            var middle = 0.5 * (low + high);
            if (isBelow(middle)) low = middle;
            else high = middle;
        }
        return high;
    }

    private PldWindow Window(int window) => Cached(window, () => TiltFor(-(window + 1) * DecadesPerWindow * Math.Log(10)));

    /// <summary>
    /// A window at the saddle point of an epsilon, on a ladder of tilts. Where few rare outcomes of great loss decide, delta
    /// lies decades below
    /// Chernoff's bound, and a window chosen by delta is centred far above epsilon.
    /// </summary>
    private PldWindow Nearest(double epsilon)
    {
        var tilt = SaddlePoint(epsilon);
        var rung = tilt == 0 ? int.MinValue : (int)Math.Floor(Math.Log(tilt) / Math.Log(LadderRatio)) - LadderOffset;
        return Cached(rung, () => tilt == 0 ? 0 : Math.Pow(LadderRatio, rung + LadderOffset));
    }

    private PldWindow Cached(int key, Func<double> tilt)
    {
        lock (windows)
        {
            return windows.TryGetValue(key, out var known) ? known : windows[key] = BuildWindow(tilt());
        }
    }

    private PldWindow BuildWindow(double tilt)
    {
        var fine = terms;
        var spacing = fine[0].Pmf.Spacing;
        var moments = new PldMoments(fine, approximate: false);
        var (low, high) = Bounds(moments, tilt);
        while ((high - low) / spacing > PreferredPoints
            && (compositions * 4 * spacing * spacing <= CoarseningLimit || (high - low) / spacing > MostPoints)) spacing *= 2;
        if (spacing > fine[0].Pmf.Spacing)
        {
            fine = Discretize(spacing);
            moments = new(fine, approximate: false);
            (low, high) = Bounds(moments, tilt);
        }

        var lowest = (long)Math.Floor(low / spacing);
        var count = (int)((long)Math.Ceiling(high / spacing) - lowest) + 1;
        var (weights, rounding) = Convolve(fine, moments, tilt, lowest, count);
        return new(PldPmf.Dense(spacing, grid.Estimate, lowest, weights, 0), tilt, moments.Log(tilt), slack + rounding);
    }

    private IReadOnlyList<(PldPmf Pmf, long Count)> Discretize(double spacing)
    {
        var wanted = new PldGrid(spacing, grid.Estimate);
        (PldPmf Pmf, long Count)[] discretized = [.. mechanisms.Select(item => (item.Mechanism.Discretize(wanted), item.Count))];
        var widest = discretized.Max(item => item.Pmf.Spacing);
        return [.. discretized.Select(item => (item.Pmf.Coarsen(widest), item.Count))];
    }

    /// <summary>
    /// Losses between which all but exp(-TailExponent) at either end of the tilted sum lies: Chernoff's inequality at the best order.
    /// </summary>
    private (double Low, double High) Bounds(PldMoments moments, double tilt)
    {
        var approximateLog = approximate.Log(tilt);
        var above = BestOrder(order => (approximate.Log(tilt + order) - approximateLog + TailExponent) / order);
        var below = BestOrder(order => (approximate.Log(tilt - order) - approximateLog + TailExponent) / order);
        var log = moments.Log(tilt);
        var high = (moments.Log(tilt + above) - log + TailExponent) / above;
        var low = -(moments.Log(tilt - below) - log + TailExponent) / below;
        return (Math.Max(low, terms.Sum(term => term.Count * term.Pmf.LossAt(0))), Math.Min(high, GreatestLoss));
    }

    /// <summary>
    /// The order at which a bound is least. Rare great losses can give it several minima, so the whole range is scanned first.
    /// </summary>
    private static double BestOrder(Func<double, double> bound)
    {
        double At(double logOrder) => bound(Math.Exp(logOrder)) is var value && double.IsFinite(value) ? value : double.MaxValue;
        var best = Enumerable.Range(-12, 44).Select(step => 0.5 * step).MinBy(At);
        return Math.Exp(PldRoot.Minimise(At, best - 0.5, best + 0.5, 12));
    }

    /// <summary>The tilted masses from a position on, and an estimate of the rounding in their sum.</summary>
    private static (double[] Weights, double Rounding) Convolve(
        IReadOnlyList<(PldPmf Pmf, long Count)> terms, PldMoments moments, double tilt, long lowest, int count)
    {
        var length = (int)BitOperations.RoundUpToPowerOf2((uint)Math.Max(count, 16));
        Complex[]? product = null;
        long origin = 0;
        for (var term = 0; term < terms.Count; term++)
        {
            var (pmf, times) = terms[term];
            var centre = (long)Math.Round(moments.MeanOf(term, tilt) / pmf.Spacing);
            origin += centre * times;
            var spectrum = PldFourier.Forward(Fold(pmf, moments.LogOf(term, tilt), tilt, centre, length));
            for (var k = 0; k < spectrum.Length; k++) spectrum[k] = Power(spectrum[k], times);
            if (product is null) product = spectrum;
            else for (var k = 0; k < spectrum.Length; k++) product[k] *= spectrum[k];
        }

        var wrapped = PldFourier.Inverse(product!);
        var weights = new double[count];
        var negative = 0.0;
        for (var i = 0; i < count; i++)
        {
            var weight = wrapped[Modulo(lowest + i - origin, length)];
            weights[i] = Math.Max(0, weight);
            negative += Math.Max(0, -weight);
        }

        // No true mass is negative, so what is shows how much rounding there is; about as much of it is positive and stays.
        return (weights, 2 * negative);
    }

    /// <summary>The tilted masses around a centre, modulo the length of the transform: small phases keep high powers accurate.</summary>
    private static double[] Fold(PldPmf pmf, double log, double tilt, long centre, int length)
    {
        var signal = new double[length];
        for (var i = 0; i < pmf.Count; i++)
        {
            var mass = pmf.Masses[i];
            if (mass > 0) signal[Modulo(pmf.PositionAt(i) - centre, length)] += mass * Math.Exp(tilt * pmf.LossAt(i) - log);
        }
        return signal;
    }

    private static Complex Power(Complex value, long exponent)
    {
        if (exponent == 1) return value;
        var log = 0.5 * exponent * Math.Log(value.Real * value.Real + value.Imaginary * value.Imaginary);
        if (!(log > -60)) return Complex.Zero;
        var (sin, cos) = Math.SinCos(exponent * Math.Atan2(value.Imaginary, value.Real));
        var size = Math.Exp(log);
        return new(size * cos, size * sin);
    }

    private static int Modulo(long value, int length) => (int)(value & (length - 1));
}
