namespace PersonaTune.Privacy.Accounting;

/// <summary>
/// The multi-dimensional Skellam mechanism (Agarwal, Kairouz and Liu 2021): each coordinate is the difference of two Poisson
/// variables.
/// </summary>
/// <param name="Variance">Total variance of one coordinate, in squared integer units, above 0.</param>
/// <param name="L1Sensitivity">L1 sensitivity in integer units, 0 or more.</param>
/// <param name="L2Sensitivity">L2 sensitivity in integer units, 0 or more.</param>
public sealed record SkellamEvent(double Variance, double L1Sensitivity, double L2Sensitivity) : PrivacyEvent
{
    /// <summary>Total variance of one coordinate, in squared integer units, above 0.</summary>
    public double Variance { get; } = EventArgument.Positive(Variance, nameof(SkellamEvent));

    /// <summary>L1 sensitivity in integer units, 0 or more.</summary>
    public double L1Sensitivity { get; } = EventArgument.NonNegative(L1Sensitivity, nameof(SkellamEvent));

    /// <summary>L2 sensitivity in integer units, 0 or more.</summary>
    public double L2Sensitivity { get; } = EventArgument.NonNegative(L2Sensitivity, nameof(SkellamEvent));
}
