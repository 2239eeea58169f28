namespace PersonaTune.Privacy.Accounting;

/// <summary>
/// An outcome of a discrete mechanism: the logarithm of its mass under the upper distribution, and its loss (may be infinite).
/// </summary>
internal readonly record struct PldAtom(double LogUpper, double Loss);
