namespace PersonaTune.Privacy.Accounting;

/// <summary>
/// A pair (upper, lower) of output distributions that dominates a mechanism for one direction of its neighbouring relation: the mechanism's
/// hockey-stick divergence is at most the pair's, for every epsilon. The loss of an outcome is ln(upper / lower). Immutable; equal
/// mechanisms compose as one.
/// </summary>
internal abstract record PrivacyLossMechanism
{
    /// <summary>The hockey-stick divergence: sup over events E of upper(E) - exp(epsilon) lower(E), for epsilon of 0 or more.</summary>
    public abstract double Delta(double epsilon);

    /// <summary>The discretized distribution of the loss under the upper distribution.</summary>
    public abstract PldPmf Discretize(PldGrid grid);
}
