namespace PersonaTune.Privacy.Accounting;

/// <summary>
/// The sum of independent discrete Gaussian shares, one from each client (Kairouz, Liu and Steinke 2021): close to a discrete
/// Gaussian, with tau measuring how close.
/// </summary>
/// <param name="Sigma">Parameter sigma of the sum in integer units, above 0: root of the summed squares of the shares'.</param>
/// <param name="L1Sensitivity">L1 sensitivity in integer units, 0 or more.</param>
/// <param name="L2Sensitivity">L2 sensitivity in integer units, 0 or more.</param>
/// <param name="Dimension">Number of coordinates, 1 or more.</param>
/// <param name="Tau">Distance of one coordinate of the sum from a discrete Gaussian, 0 or more; 0 for a single share.</param>
public sealed record DistributedDiscreteGaussianEvent(
    double Sigma, double L1Sensitivity, double L2Sensitivity, int Dimension, double Tau) : PrivacyEvent
{
    /// <summary>Parameter sigma of the sum in integer units, above 0: root of the summed squares of the shares'.</summary>
    public double Sigma { get; } = EventArgument.Positive(Sigma, nameof(DistributedDiscreteGaussianEvent));

    /// <summary>L1 sensitivity in integer units, 0 or more.</summary>
    public double L1Sensitivity { get; } = EventArgument.NonNegative(L1Sensitivity, nameof(DistributedDiscreteGaussianEvent));

    /// <summary>L2 sensitivity in integer units, 0 or more.</summary>
    public double L2Sensitivity { get; } = EventArgument.NonNegative(L2Sensitivity, nameof(DistributedDiscreteGaussianEvent));

    /// <summary>Number of coordinates, 1 or more.</summary>
    public int Dimension { get; } = EventArgument.AtLeast(Dimension, 1, nameof(DistributedDiscreteGaussianEvent));

    /// <summary>Distance of one coordinate of the sum from a discrete Gaussian, 0 or more; 0 for a single share.</summary>
    public double Tau { get; } = EventArgument.NonNegative(Tau, nameof(DistributedDiscreteGaussianEvent));
}
