namespace PersonaTune.Privacy.Accounting;

/// <summary>The discrete Gaussian mechanism over the integers (Canonne, Kamath and Steinke 2020).</summary>
/// <param name="Sigma">Parameter sigma in integer units, above 0 (the standard deviation is slightly smaller).</param>
/// <param name="Sensitivity">L2 sensitivity in integer units, above 0.</param>
/// <param name="Dimension">Number of coordinates, 1 or more.</param>
public sealed record DiscreteGaussianEvent(double Sigma, double Sensitivity, int Dimension) : PrivacyEvent
{
    /// <summary>Parameter sigma in integer units, above 0 (the standard deviation is slightly smaller).</summary>
    public double Sigma { get; } = EventArgument.Positive(Sigma, nameof(DiscreteGaussianEvent));

    /// <summary>L2 sensitivity in integer units, above 0.</summary>
    public double Sensitivity { get; } = EventArgument.Positive(Sensitivity, nameof(DiscreteGaussianEvent));

    /// <summary>Number of coordinates, 1 or more.</summary>
    public int Dimension { get; } = EventArgument.AtLeast(Dimension, 1, nameof(DiscreteGaussianEvent));
}
