namespace PersonaTune.Privacy.Accounting;

/// <summary>
/// Accounts by privacy-loss distributions: the tightest bound that is known for the mechanisms it supports. Mutable, not thread-safe.
/// </summary>
/// <remarks>
/// Guarantee: everything composed is (<see cref="GetEpsilon"/>(delta), delta)-private under <see cref="Relation"/>, for every delta, also
/// if each event was chosen after seeing the outputs of those before. <see cref="GetEpsilonLower"/> and <see cref="GetDeltaLower"/> bound
/// the same numbers from below: they say how much is lost by the grid, and promise nothing.
/// Assumes: noise multipliers relative to the sensitivity under the relation, with one exception: the noise multiplier of a Gaussian on a
/// Poisson sample is relative to the largest norm of one record (the clip) also under replace-one, where two records are exchanged.
/// Broken by: sensitivities that are exceeded, sampling that is not Poisson where the event says so, noise that is not real-valued.
/// </remarks>
public sealed class PldAccountant : IPrivacyAccountant
{
    private PrivacyLossDistribution upper;
    private PrivacyLossDistribution lower;

    /// <summary>Starts with nothing released.</summary>
    /// <param name="relation">The relation for which every answer holds.</param>
    /// <param name="spacing">Spacing of the grid of losses, see <see cref="PldGrid"/>.</param>
    /// <exception cref="ArgumentOutOfRangeException">The spacing lies outside (0, 1].</exception>
    public PldAccountant(NeighbouringRelation relation = NeighbouringRelation.AddOrRemoveOne, double spacing = PldGrid.DefaultSpacing)
    {
        Relation = relation;
        upper = PrivacyLossDistribution.Identity(new(spacing, PldEstimate.Pessimistic));
        lower = PrivacyLossDistribution.Identity(new(spacing, PldEstimate.Optimistic));
    }

    /// <inheritdoc/>
    public NeighbouringRelation Relation { get; }

    /// <summary>The loss of everything composed so far, rounded pessimistically.</summary>
    public PrivacyLossDistribution Loss => upper;

    /// <inheritdoc/>
    public bool Supports(PrivacyEvent privacyEvent)
    {
        ArgumentNullException.ThrowIfNull(privacyEvent);
        return PldEventAnalysis.TryAnalyse(privacyEvent, Relation, upper.Grid, out _, out _);
    }

    /// <inheritdoc/>
    public IPrivacyAccountant Compose(PrivacyEvent privacyEvent, long count = 1)
    {
        ArgumentNullException.ThrowIfNull(privacyEvent);
        ArgumentOutOfRangeException.ThrowIfNegative(count);
        if (!PldEventAnalysis.TryAnalyse(privacyEvent, Relation, upper.Grid, out var released, out var refusal)) throw refusal;
        upper = upper.Compose(released.SelfCompose(count));
        lower = lower.Compose(released.SelfCompose(count).OnGrid(lower.Grid));
        return this;
    }

    /// <inheritdoc/>
    public double GetEpsilon(double delta) => upper.GetEpsilon(delta);

    /// <inheritdoc/>
    public double GetDelta(double epsilon) => upper.GetDelta(epsilon);

    /// <summary>A lower bound on the epsilon that <see cref="GetEpsilon"/> bounds from above. Not a guarantee.</summary>
    /// <param name="delta">Delta, 0 to 1.</param>
    public double GetEpsilonLower(double delta) => lower.GetEpsilon(delta);

    /// <summary>A lower bound on the delta that <see cref="GetDelta"/> bounds from above. Not a guarantee.</summary>
    /// <param name="epsilon">Epsilon, 0 or more.</param>
    public double GetDeltaLower(double epsilon) => lower.GetDelta(epsilon);
}
