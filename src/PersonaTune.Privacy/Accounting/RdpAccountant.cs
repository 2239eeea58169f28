namespace PersonaTune.Privacy.Accounting;

/// <summary>
/// Rényi differential privacy accountant (Mironov 2017): adds up Rényi divergences order by order and converts the sum. Fast, and an upper
/// bound; a privacy-loss-distribution accountant is usually tighter.
/// </summary>
/// <remarks>
/// Guarantee: what <see cref="GetEpsilon"/> returns holds for adaptively chosen events under <see cref="Relation"/>. Assumptions: every
/// event happened as described, its noise came from an unpredictable generator, and noise multipliers refer to the sensitivity under the
/// relation. An event analysed under another relation is refused. Not thread-safe.
/// </remarks>
public sealed class RdpAccountant : IPrivacyAccountant
{
    private readonly RenyiAnalysis _analysis;
    private readonly double[] _orders;
    private readonly double[] _curve;

    // log(1 - delta) of everything known by (epsilon, delta) only: those deltas cannot enter a Rényi divergence.
    private double _logNoFailure;

    /// <summary>An accountant to which nothing has been released.</summary>
    /// <param name="relation">The relation every answer holds for.</param>
    /// <param name="orders">
    /// Rényi orders, each above 1 and up to a million, or infinite; <see cref="RenyiOrders.Default"/> if omitted.
    /// </param>
    /// <exception cref="ArgumentException">The list is empty or an order is out of range.</exception>
    public RdpAccountant(NeighbouringRelation relation, IReadOnlyList<double>? orders = null)
    {
        if (!Enum.IsDefined(relation)) throw new ArgumentOutOfRangeException(nameof(relation), $"unknown neighbouring relation {relation}");
        Relation = relation;
        _analysis = new RenyiAnalysis(relation);
        _orders = orders is null || ReferenceEquals(orders, RenyiOrders.Default)
            ? RenyiCurveCache.DefaultOrders
            : RenyiOrders.Checked(orders);
        _curve = new double[_orders.Length];
    }

    /// <inheritdoc/>
    public NeighbouringRelation Relation { get; }

    /// <summary>The Rényi orders.</summary>
    public ReadOnlySpan<double> Orders => _orders;

    /// <summary>The Rényi divergence of everything composed so far, at each of <see cref="Orders"/>.</summary>
    public ReadOnlySpan<double> Curve => _curve;

    /// <inheritdoc/>
    public bool Supports(PrivacyEvent privacyEvent) => _analysis.Refusal(privacyEvent) is null;

    /// <inheritdoc cref="IPrivacyAccountant.Compose"/>
    public RdpAccountant Compose(PrivacyEvent privacyEvent, long count = 1)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(count);
        if (_analysis.Refusal(privacyEvent) is { } refusal) throw refusal;
        _analysis.Add(privacyEvent, count, _orders, _curve, ref _logNoFailure);
        return this;
    }

    IPrivacyAccountant IPrivacyAccountant.Compose(PrivacyEvent privacyEvent, long count) => Compose(privacyEvent, count);

    /// <inheritdoc/>
    public double GetEpsilon(double delta) => FindEpsilon(delta).Value;

    /// <inheritdoc/>
    public double GetDelta(double epsilon) => FindDelta(epsilon).Value;

    /// <summary>The smallest epsilon for a delta, with the order that proves it.</summary>
    /// <param name="delta">Delta, 0 to 1.</param>
    /// <exception cref="ArgumentOutOfRangeException">Delta is not in 0 to 1.</exception>
    public RdpBound FindEpsilon(double delta)
    {
        RdpConversion.CheckDelta(delta);

        // The stated deltas are paid first: 1 - delta = (1 - rest) (1 - stated).
        var rest = -LogDomain.Expm1(LogDomain.Log1P(-delta) - _logNoFailure);
        return rest < 0 || double.IsNegativeInfinity(_logNoFailure)
            ? new RdpBound(double.PositiveInfinity, 0)
            : RdpConversion.Epsilon(_orders, _curve, rest);
    }

    /// <summary>The smallest delta for an epsilon, with the order that proves it.</summary>
    /// <param name="epsilon">Epsilon, 0 or more.</param>
    /// <exception cref="ArgumentOutOfRangeException">Epsilon is negative or not a number.</exception>
    public RdpBound FindDelta(double epsilon)
    {
        var found = RdpConversion.Delta(_orders, _curve, epsilon);
        return found with { Value = found.Value - ((1 - found.Value) * LogDomain.Expm1(_logNoFailure)) };
    }
}
