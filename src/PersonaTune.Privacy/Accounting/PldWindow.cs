namespace PersonaTune.Privacy.Accounting;

/// <summary>
/// The part of a composed loss distribution that matters for some range of delta, stored tilted: position i holds w_i with
/// P[loss = l_i] = w_i exp(K - t l_i). Sums run from the greatest loss down and are kept relative to exp(K - t l), so they neither cancel
/// nor overflow, whatever epsilon is. Immutable.
/// </summary>
internal sealed class PldWindow
{
    private readonly PldPmf weights;
    private readonly double tilt;
    private readonly double logScale;
    private readonly double slack;

    /// <param name="weights">The tilted masses w_i, ascending by loss; the mass at infinity is not looked at.</param>
    /// <param name="tilt">The tilt t, 0 or more.</param>
    /// <param name="logScale">K.</param>
    /// <param name="slack">How much tilted mass may be missing or too much.</param>
    public PldWindow(PldPmf weights, double tilt, double logScale, double slack) =>
        (this.weights, this.tilt, this.logScale, this.slack) =
        (weights, tilt, logScale, weights.Estimate == PldEstimate.Pessimistic ? slack : -slack);

    /// <summary>The sum over losses l > epsilon of (1 - exp(epsilon - l)) P[l], plus or minus the slack.</summary>
    public double Delta(double epsilon)
    {
        var sums = new Sums(this);
        var index = weights.Count - 1;
        while (index >= 0 && weights.LossAt(index) > epsilon) sums.Include(index--);
        var delta = sums.IsEmpty ? 0 : Scaled(sums.Loss, sums.Reduced - LogDomain.Expm1(epsilon - sums.Loss) * sums.Plain);
        return Math.Clamp(delta + Scaled(epsilon, slack), 0, 1);
    }

    /// <summary>How much of a delta at epsilon may be slack.</summary>
    public double SlackAt(double epsilon) => Scaled(epsilon, Math.Abs(slack));

    /// <summary>The smallest epsilon of 0 or more at which <see cref="Delta"/> is at most a target above 0.</summary>
    /// <param name="target">Delta.</param>
    /// <param name="greatestLoss">An epsilon at which delta is 0.</param>
    public double Epsilon(double target, double greatestLoss)
    {
        var sums = new Sums(this);
        for (var index = weights.Count - 1; ; index--)
        {
            var floor = index < 0 ? 0 : Math.Max(0, weights.LossAt(index));
            var slackHere = Scaled(floor, slack);
            if (sums.IsEmpty)
            {
                if (index < 0) return 0;
                if (slackHere > target) return Math.Max(0, greatestLoss);
            }
            else
            {
                var here = Scaled(sums.Loss, sums.Reduced - LogDomain.Expm1(floor - sums.Loss) * sums.Plain) + slackHere;
                if (here > target)
                {
                    // Between the two grid points delta is affine in exp(epsilon).
                    var scaled = (target - slackHere) * Math.Exp(tilt * sums.Loss - logScale);
                    var part = sums.Plain == 0
                        ? 0 : Math.Clamp((scaled - sums.Reduced) / sums.Plain, 0, -LogDomain.Expm1(floor - sums.Loss));
                    return Math.Min(sums.Loss + LogDomain.Log1P(-part), Math.Max(0, greatestLoss));
                }
                if (floor == 0) return 0;
            }
            if (weights.LossAt(index) <= 0) return 0;
            sums.Include(index);
        }
    }

    /// <summary>
    /// A tilted sum relative to a loss, as a probability; far from where a window is meant to answer the scale alone would overflow.
    /// </summary>
    private double Scaled(double loss, double sum) =>
        sum == 0 ? 0 : Math.Sign(sum) * Math.Exp(Math.Min(logScale - tilt * loss + Math.Log(Math.Abs(sum)), 1));

    /// <summary>
    /// Over the positions included so far, with l the lowest of them: Plain = sum of w_k exp(-(t + 1)(l_k - l)) and
    /// Reduced = sum of w_k exp(-t (l_k - l)) (1 - exp(-(l_k - l))).
    /// </summary>
    private struct Sums(PldWindow window)
    {
        private readonly double stepDecay = Math.Exp(-window.tilt * window.weights.Spacing);
        private readonly double stepGap = -LogDomain.Expm1(-window.weights.Spacing);
        private long position;

        public bool IsEmpty { get; private set; } = true;

        public double Plain { get; private set; }

        public double Reduced { get; private set; }

        public double Loss { get; private set; }

        public void Include(int index)
        {
            var next = window.weights.PositionAt(index);
            if (!IsEmpty)
            {
                var step = (position - next) * window.weights.Spacing;
                var (decay, gap) = position - next == 1 ? (stepDecay, stepGap) : (Math.Exp(-window.tilt * step), -LogDomain.Expm1(-step));
                Reduced = decay * (Reduced + gap * Plain);
                Plain *= decay * (1 - gap);
            }
            Plain += window.weights.Masses[index];
            position = next;
            Loss = next * window.weights.Spacing;
            IsEmpty = false;
        }
    }
}
