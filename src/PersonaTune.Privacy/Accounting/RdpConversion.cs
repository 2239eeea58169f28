namespace PersonaTune.Privacy.Accounting;

/// <summary>
/// From Rényi differential privacy to (epsilon, delta) and back: Canonne, Kamath and Steinke 2020, proposition 12 (the same bound as
/// Asoodeh et al. 2020), together with the Bretagnolle-Huber bound on the total variation, which is better at very small orders.
/// </summary>
public static class RdpConversion
{
    // The improved bound divides by (order - 1); closer to 1 than this it is useless and numerically unstable.
    private const double SmallestOrder = 1.01;

    /// <summary>The smallest epsilon that any of the orders proves for a delta.</summary>
    /// <param name="orders">Rényi orders, each above 1; infinity is allowed.</param>
    /// <param name="curve">The Rényi divergence at each order.</param>
    /// <param name="delta">Delta, 0 to 1.</param>
    /// <returns>Epsilon and the order it was found at.</returns>
    /// <exception cref="ArgumentException">The two lists differ in length.</exception>
    /// <exception cref="ArgumentOutOfRangeException">Delta is not in 0 to 1.</exception>
    public static RdpBound Epsilon(ReadOnlySpan<double> orders, ReadOnlySpan<double> curve, double delta)
    {
        CheckLengths(orders, curve);
        CheckDelta(delta);
        var best = new RdpBound(double.PositiveInfinity, 0);
        for (var i = 0; i < orders.Length; i++)
        {
            var epsilon = EpsilonAt(orders[i], curve[i], delta);
            if (epsilon < best.Value) best = new RdpBound(epsilon, orders[i]);
        }

        return best with { Value = Math.Max(0, best.Value) };
    }

    /// <summary>The smallest delta that any of the orders proves for an epsilon.</summary>
    /// <param name="orders">Rényi orders, each above 1; infinity is allowed.</param>
    /// <param name="curve">The Rényi divergence at each order.</param>
    /// <param name="epsilon">Epsilon, 0 or more.</param>
    /// <returns>Delta and the order it was found at.</returns>
    /// <exception cref="ArgumentException">The two lists differ in length.</exception>
    /// <exception cref="ArgumentOutOfRangeException">Epsilon is negative or not a number.</exception>
    public static RdpBound Delta(ReadOnlySpan<double> orders, ReadOnlySpan<double> curve, double epsilon)
    {
        CheckLengths(orders, curve);
        CheckEpsilon(epsilon);
        var (smallest, at) = (double.PositiveInfinity, 0.0);
        for (var i = 0; i < orders.Length; i++)
        {
            var logDelta = LogDeltaAt(orders[i], curve[i], epsilon);
            if (logDelta < smallest) (smallest, at) = (logDelta, orders[i]);
        }

        return new RdpBound(Math.Min(1, Math.Exp(smallest)), at);
    }

    internal static void CheckDelta(double delta)
    {
        if (!(delta is >= 0 and <= 1)) throw new ArgumentOutOfRangeException(nameof(delta), $"delta is {delta}, expected 0 to 1");
    }

    internal static void CheckEpsilon(double epsilon)
    {
        if (!(epsilon >= 0)) throw new ArgumentOutOfRangeException(nameof(epsilon), $"epsilon is {epsilon}, expected 0 or more");
    }

    private static double EpsilonAt(double order, double divergence, double delta)
    {
        if (divergence == 0 || (delta * delta) + LogDomain.Expm1(-divergence) > 0) return 0;
        if (double.IsInfinity(order)) return divergence;
        return order > SmallestOrder && delta > 0
            ? divergence + LogDomain.Log1P(-1 / order) - (Math.Log(delta * order) / (order - 1))
            : double.PositiveInfinity;
    }

    private static double LogDeltaAt(double order, double divergence, double epsilon)
    {
        if (divergence == 0 || (double.IsInfinity(order) && divergence <= epsilon)) return double.NegativeInfinity;
        var logVariation = 0.5 * Math.Log(-LogDomain.Expm1(-divergence));
        if (double.IsInfinity(order) || order <= SmallestOrder || double.IsInfinity(divergence)) return logVariation;
        var improved = ((order - 1) * (divergence - epsilon + LogDomain.Log1P(-1 / order))) - Math.Log(order);
        return Math.Min(logVariation, improved);
    }

    private static void CheckLengths(ReadOnlySpan<double> orders, ReadOnlySpan<double> curve)
    {
        if (orders.Length != curve.Length)
            throw new ArgumentException($"{orders.Length} orders but {curve.Length} divergences; pass one for each order", nameof(curve));
    }
}
