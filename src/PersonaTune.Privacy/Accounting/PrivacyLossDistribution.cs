using System.Collections.Immutable;

namespace PersonaTune.Privacy.Accounting;

/// <summary>
/// The distribution of the privacy loss of one mechanism or of a composition (Sommer, Meiser and Mohammadi 2019; Koskela, Jälkö and Honkela
/// 2020), in both directions of its neighbouring relation where they differ. Immutable and thread-safe.
/// </summary>
/// <remarks>
/// Guarantee: with a pessimistic grid, everything composed so far is (<see cref="GetEpsilon"/>(delta), delta)-private for every delta, also
/// if each mechanism was chosen after seeing the outputs of those before; with an optimistic grid, it is not for any smaller epsilon, as
/// far as the pairs of output distributions behind the mechanisms are attained. A single mechanism, and a composition of Gaussian
/// mechanisms, is computed exactly, off the grid. Assumes that every mechanism composed holds under the same neighbouring relation (use
/// <see cref="PldAccountant"/>, which checks it) and draws real (not floating-point) noise. Double-precision rounding of the convolution is
/// allowed for by a relative part of about 2e-15 of delta a composition.
/// </remarks>
public sealed partial class PrivacyLossDistribution
{
    private readonly ImmutableList<(PldTerm Term, long Count)> terms;
    private readonly Lazy<(PldDirection Removed, PldDirection Added)> directions;

    private PrivacyLossDistribution(PldGrid grid, ImmutableList<(PldTerm Term, long Count)> terms)
    {
        Grid = grid;
        this.terms = terms;
        directions = new(Evaluate);
    }

    /// <summary>The grid on which losses are composed, and the side of the truth on which answers lie.</summary>
    public PldGrid Grid { get; }

    /// <summary>The probability of an infinite loss: no epsilon holds for a smaller delta.</summary>
    public double InfinityMass => Math.Max(directions.Value.Removed.InfinityMass, directions.Value.Added.InfinityMass);

    /// <summary>This and another release together. The order does not matter.</summary>
    /// <param name="other">A distribution on the same grid.</param>
    /// <exception cref="ArgumentException">The grids differ.</exception>
    public PrivacyLossDistribution Compose(PrivacyLossDistribution other)
    {
        ArgumentNullException.ThrowIfNull(other);
        if (Grid != other.Grid)
            throw new ArgumentException(
                $"cannot compose losses on {other.Grid} with losses on {Grid}; build both on one grid", nameof(other));
        return new(Grid, other.terms.Aggregate(terms, Add));
    }

    /// <summary>This release, several times.</summary>
    /// <param name="count">How often, 0 or more.</param>
    /// <exception cref="ArgumentOutOfRangeException">The count is negative.</exception>
    public PrivacyLossDistribution SelfCompose(long count)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(count);
        return count == 0 ? new(Grid, []) : new(Grid, [.. terms.Select(item => (item.Term, checked(item.Count * count)))]);
    }

    /// <summary>The smallest delta for an epsilon, as a bound on the side that <see cref="Grid"/> names.</summary>
    /// <param name="epsilon">Epsilon, 0 or more; may be infinite.</param>
    /// <returns>Delta, 0 to 1.</returns>
    /// <exception cref="ArgumentOutOfRangeException">Epsilon is negative or not a number.</exception>
    public double GetDelta(double epsilon)
    {
        if (!(epsilon >= 0)) throw new ArgumentOutOfRangeException(nameof(epsilon), epsilon, "epsilon is 0 or more");
        return Math.Max(directions.Value.Removed.Delta(epsilon), directions.Value.Added.Delta(epsilon));
    }

    /// <summary>The smallest epsilon for a delta, as a bound on the side that <see cref="Grid"/> names.</summary>
    /// <param name="delta">Delta, 0 to 1.</param>
    /// <returns>Epsilon, 0 or more; infinite if delta lies below <see cref="InfinityMass"/>.</returns>
    /// <exception cref="ArgumentOutOfRangeException">Delta lies outside [0, 1].</exception>
    public double GetEpsilon(double delta)
    {
        if (!(delta is >= 0 and <= 1)) throw new ArgumentOutOfRangeException(nameof(delta), delta, "delta lies in [0, 1]");
        return Math.Max(directions.Value.Removed.Epsilon(delta), directions.Value.Added.Epsilon(delta));
    }

    /// <summary>The distribution of one mechanism.</summary>
    internal static PrivacyLossDistribution Of(PldTerm term, PldGrid? grid) => new(grid ?? PldGrid.Default, [(term, 1)]);

    /// <summary>This and a mechanism, several times.</summary>
    internal PrivacyLossDistribution With(PldTerm term, long count) => count == 0 ? this : new(Grid, Add(terms, (term, count)));

    /// <summary>The same mechanisms on another grid.</summary>
    internal PrivacyLossDistribution OnGrid(PldGrid grid) => new(grid, terms);

    private static ImmutableList<(PldTerm Term, long Count)> Add(
        ImmutableList<(PldTerm Term, long Count)> terms, (PldTerm Term, long Count) added)
    {
        var index = terms.FindIndex(item => item.Term == added.Term);
        return index < 0 ? terms.Add(added) : terms.SetItem(index, (added.Term, checked(terms[index].Count + added.Count)));
    }

    private (PldDirection Removed, PldDirection Added) Evaluate()
    {
        var removed = PldDirection.Of(terms, added: false, Grid);
        return (removed, terms.TrueForAll(item => item.Term.Added is null) ? removed : PldDirection.Of(terms, added: true, Grid));
    }
}
