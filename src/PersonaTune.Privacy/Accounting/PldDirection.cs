namespace PersonaTune.Privacy.Accounting;

/// <summary>What a composition costs in one direction: a single mechanism exactly, several on a grid. Thread-safe.</summary>
internal sealed class PldDirection
{
    private readonly PrivacyLossMechanism? single;
    private readonly PldComposition? composition;

    private PldDirection(PrivacyLossMechanism? single, PldComposition? composition) =>
        (this.single, this.composition) = (single, composition);

    public double InfinityMass => composition?.InfinityMass ?? single?.Delta(double.PositiveInfinity) ?? 0;

    public static PldDirection Of(IEnumerable<(PldTerm Term, long Count)> terms, bool added, PldGrid grid)
    {
        // Gaussian mechanisms compose to a Gaussian mechanism, whose squared shift is the sum of theirs.
        var squaredShift = 0.0;
        List<(PrivacyLossMechanism Mechanism, long Count)> mechanisms = [];
        foreach (var (term, count) in terms)
        {
            if (term.Direction(added) is PrivacyLossGaussian gaussian) squaredShift += count * gaussian.Shift * gaussian.Shift;
            else mechanisms.Add((term.Direction(added), count));
        }
        if (squaredShift > 0) mechanisms.Add((new PrivacyLossGaussian(Math.Sqrt(squaredShift)), 1));
        return mechanisms switch
        {
            [] => new(null, null),
            [{ Count: 1 } only] => new(only.Mechanism, null),
            _ => new(null, new(mechanisms, grid)),
        };
    }

    public double Delta(double epsilon) => composition?.Delta(epsilon) ?? single?.Delta(epsilon) ?? 0;

    public double Epsilon(double delta)
    {
        if (composition is not null) return composition.Epsilon(delta);
        if (single is null || single.Delta(0) <= delta) return 0;
        if (single.Delta(double.PositiveInfinity) > delta) return double.PositiveInfinity;
        var high = 1.0;
        while (high < double.MaxValue / 4 && single.Delta(high) > delta) high *= 2;
        return PldRoot.LastAbove(epsilon => single.Delta(epsilon) > delta, 0, high);
    }
}
