namespace PersonaTune.Privacy.Accounting;

/// <summary>The discrete Gaussian mechanism over the integers (Canonne, Kamath and Steinke 2020).</summary>
/// <param name="Sigma">Parameter sigma of the distribution, in integer units (not its standard deviation, which is slightly smaller).</param>
/// <param name="Sensitivity">L2 sensitivity in integer units.</param>
/// <param name="Dimension">Number of coordinates.</param>
public sealed record DiscreteGaussianEvent(double Sigma, double Sensitivity, int Dimension) : PrivacyEvent;
