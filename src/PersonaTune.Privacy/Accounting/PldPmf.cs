namespace PersonaTune.Privacy.Accounting;

/// <summary>
/// A distribution of losses on a grid, with a mass at infinity. Dense (a run of neighbouring positions) or sparse (a sorted list of
/// positions). Immutable.
/// </summary>
internal sealed class PldPmf
{
    private readonly long first;
    private readonly long[]? positions;
    private readonly double[] masses;

    private PldPmf(double spacing, PldEstimate estimate, long first, long[]? positions, double[] masses, double infinityMass)
    {
        (Spacing, Estimate, InfinityMass) = (spacing, estimate, infinityMass);
        (this.first, this.positions, this.masses) = (first, positions, masses);
    }

    public double Spacing { get; }

    public PldEstimate Estimate { get; }

    public double InfinityMass { get; }

    public bool IsSparse => positions is not null;

    /// <summary>Number of positions, including those without mass of a dense distribution.</summary>
    public int Count => masses.Length;

    public ReadOnlySpan<double> Masses => masses;

    /// <summary>The greatest finite loss; minus infinity if there is none.</summary>
    public double GreatestLoss => Count == 0 ? double.NegativeInfinity : LossAt(Count - 1);

    /// <summary>From masses at neighbouring positions.</summary>
    public static PldPmf Dense(double spacing, PldEstimate estimate, long first, double[] masses, double infinityMass) =>
        new(spacing, estimate, first, null, masses, infinityMass);

    /// <summary>From masses at scattered positions.</summary>
    public static PldPmf Sparse(double spacing, PldEstimate estimate, IEnumerable<KeyValuePair<long, double>> massAt, double infinityMass)
    {
        KeyValuePair<long, double>[] sorted = [.. massAt.Where(item => item.Value > 0).OrderBy(item => item.Key)];
        return new(spacing, estimate, 0, [.. sorted.Select(item => item.Key)], [.. sorted.Select(item => item.Value)], infinityMass);
    }

    /// <summary>The first distribution with a probability, else the second.</summary>
    public static PldPmf Mix(PldPmf one, double weight, PldPmf other)
    {
        var spacing = Math.Max(one.Spacing, other.Spacing);
        (one, other) = (one.Coarsen(spacing), other.Coarsen(spacing));
        var massAt = new Dictionary<long, double>();
        for (var i = 0; i < one.Count; i++) Add(massAt, one.PositionAt(i), weight * one.masses[i]);
        for (var i = 0; i < other.Count; i++) Add(massAt, other.PositionAt(i), (1 - weight) * other.masses[i]);
        return Sparse(spacing, one.Estimate, massAt, weight * one.InfinityMass + (1 - weight) * other.InfinityMass);
    }

    public long PositionAt(int index) => positions is null ? first + index : positions[index];

    public double LossAt(int index) => PositionAt(index) * Spacing;

    /// <summary>The distribution of the sum of two losses, or null if it would have more positions than a limit.</summary>
    public PldPmf? Convolve(PldPmf other, int limit)
    {
        if ((long)Count * other.Count > 64L * limit) return null;
        var massAt = new Dictionary<long, double>();
        for (var i = 0; i < Count; i++)
        {
            for (var j = 0; j < other.Count; j++) Add(massAt, PositionAt(i) + other.PositionAt(j), masses[i] * other.masses[j]);
            if (massAt.Count > limit) return null;
        }
        return Sparse(Spacing, Estimate, massAt, InfinityMass + other.InfinityMass - InfinityMass * other.InfinityMass);
    }

    /// <summary>The same on a coarser grid, on the same side of the truth.</summary>
    /// <param name="spacing">A power of two times <see cref="Spacing"/>.</param>
    public PldPmf Coarsen(double spacing)
    {
        var factor = (long)Math.Round(spacing / Spacing);
        if (factor <= 1) return this;
        var massAt = new Dictionary<long, double>();
        for (var i = 0; i < Count; i++)
        {
            var position = Math.DivRem(PositionAt(i), factor, out var remainder);
            if (remainder < 0) (position, remainder) = (position - 1, remainder + factor);
            var above = Estimate == PldEstimate.Optimistic ? 0 : masses[i] * PldDiscretization.ShareAbove(remainder * Spacing, spacing);
            Add(massAt, position, masses[i] - above);
            if (above > 0) Add(massAt, position + 1, above);
        }
        return Sparse(spacing, Estimate, massAt, InfinityMass);
    }

    private static void Add(Dictionary<long, double> massAt, long position, double mass) =>
        System.Runtime.InteropServices.CollectionsMarshal.GetValueRefOrAddDefault(massAt, position, out _) += mass;
}
