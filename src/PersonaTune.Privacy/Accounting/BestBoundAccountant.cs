namespace PersonaTune.Privacy.Accounting;

/// <summary>
/// Runs several accountants side by side and reports the smallest bound and which it is. Each bound is valid alone, so their minimum is; a
/// Rényi bound can be the smaller one at tiny epsilons, where the grid of a loss distribution dominates.
/// </summary>
/// <remarks>
/// An accountant that cannot analyse an event drops out for good, because its sum would miss that event. Composition fails only when none
/// is left. Not thread-safe.
/// </remarks>
public sealed class BestBoundAccountant : IPrivacyAccountant
{
    private readonly List<(AccountingBound Bound, IPrivacyAccountant Accountant)> _members;

    /// <summary>Combines accountants to which nothing has been composed yet; they belong to this one from now on.</summary>
    /// <param name="members">The accountants, each with the name of its analysis; all for one relation.</param>
    /// <exception cref="ArgumentException">No accountant, or two relations.</exception>
    public BestBoundAccountant(params (AccountingBound Bound, IPrivacyAccountant Accountant)[] members)
    {
        ArgumentNullException.ThrowIfNull(members);
        if (members.Length == 0) throw new ArgumentException("no accountant was given; pass one or more", nameof(members));
        Relation = members[0].Accountant.Relation;
        foreach (var (bound, accountant) in members)
        {
            if (accountant.Relation != Relation)
            {
                throw new ArgumentException(
                    $"the {bound} accountant holds for {accountant.Relation}, the first for {Relation}; build all for one relation",
                    nameof(members));
            }
        }

        _members = [.. members];
    }

    /// <inheritdoc/>
    public NeighbouringRelation Relation { get; }

    /// <summary>The analyses that have followed every event so far.</summary>
    public IReadOnlyList<AccountingBound> Bounds => [.. _members.Select(member => member.Bound)];

    /// <inheritdoc/>
    public bool Supports(PrivacyEvent privacyEvent) => _members.Exists(member => member.Accountant.Supports(privacyEvent));

    /// <inheritdoc cref="IPrivacyAccountant.Compose"/>
    public BestBoundAccountant Compose(PrivacyEvent privacyEvent, long count = 1)
    {
        ArgumentNullException.ThrowIfNull(privacyEvent);
        ArgumentOutOfRangeException.ThrowIfNegative(count);
        if (!Supports(privacyEvent))
        {
            throw new UnsupportedEventException(
                "the best-bound accountant", privacyEvent, Relation, $"none of its accountants ({string.Join(", ", Bounds)}) can",
                "add an accountant that supports it, or use another relation");
        }

        _members.RemoveAll(member => !member.Accountant.Supports(privacyEvent));
        foreach (var (_, accountant) in _members) accountant.Compose(privacyEvent, count);
        return this;
    }

    IPrivacyAccountant IPrivacyAccountant.Compose(PrivacyEvent privacyEvent, long count) => Compose(privacyEvent, count);

    /// <inheritdoc/>
    public double GetEpsilon(double delta) => GuaranteeAtDelta(delta).Epsilon;

    /// <inheritdoc/>
    public double GetDelta(double epsilon) => GuaranteeAtEpsilon(epsilon).Delta;

    /// <summary>The guarantee with the smallest epsilon for a delta; the first accountant wins a tie.</summary>
    /// <param name="delta">Delta, 0 to 1.</param>
    public PrivacyGuarantee GuaranteeAtDelta(double delta) => _members
        .Select(member => Guarantee(member.Accountant.GetEpsilon(delta), delta, member.Bound))
        .MinBy(guarantee => guarantee.Epsilon)!;

    /// <summary>The guarantee with the smallest delta for an epsilon; the first accountant wins a tie.</summary>
    /// <param name="epsilon">Epsilon, 0 or more.</param>
    public PrivacyGuarantee GuaranteeAtEpsilon(double epsilon) => _members
        .Select(member => Guarantee(epsilon, member.Accountant.GetDelta(epsilon), member.Bound))
        .MinBy(guarantee => guarantee.Delta)!;

    private PrivacyGuarantee Guarantee(double epsilon, double delta, AccountingBound bound) =>
        new() { Epsilon = epsilon, Delta = delta, Relation = Relation, Bound = bound };
}
