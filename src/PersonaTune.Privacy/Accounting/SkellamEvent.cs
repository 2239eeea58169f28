namespace PersonaTune.Privacy.Accounting;

/// <summary>The multi-dimensional Skellam mechanism (Agarwal, Kairouz and Liu 2021): each coordinate is the difference of two Poisson variables.</summary>
/// <param name="Variance">Total variance of one coordinate, in squared integer units.</param>
/// <param name="L1Sensitivity">L1 sensitivity in integer units.</param>
/// <param name="L2Sensitivity">L2 sensitivity in integer units.</param>
public sealed record SkellamEvent(double Variance, double L1Sensitivity, double L2Sensitivity) : PrivacyEvent;
