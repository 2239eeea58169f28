namespace PersonaTune.Privacy.Accounting;

/// <summary>The discrete Laplace (geometric) mechanism: P(x) proportional to exp(-a |x|).</summary>
/// <param name="NoiseParameter">The parameter a.</param>
/// <param name="Sensitivity">L1 sensitivity in integer units.</param>
public sealed record DiscreteLaplaceEvent(double NoiseParameter, int Sensitivity) : PrivacyEvent;
