namespace PersonaTune.Privacy.Accounting;

/// <summary>A mechanism of which nothing is known but (xi, rho)-zCDP: RDP(alpha) = xi + rho alpha (Bun and Steinke 2016).</summary>
/// <param name="Rho">The slope rho, 0 or more.</param>
/// <param name="Xi">The intercept xi, 0 or more.</param>
public sealed record ZcdpEvent(double Rho, double Xi) : PrivacyEvent
{
    /// <summary>The slope rho, 0 or more.</summary>
    public double Rho { get; } = EventArgument.NonNegative(Rho, nameof(ZcdpEvent));

    /// <summary>The intercept xi, 0 or more.</summary>
    public double Xi { get; } = EventArgument.NonNegative(Xi, nameof(ZcdpEvent));
}
