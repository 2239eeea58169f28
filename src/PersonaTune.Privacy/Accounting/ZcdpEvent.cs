namespace PersonaTune.Privacy.Accounting;

/// <summary>A mechanism of which nothing is known but (xi, rho)-zCDP: RDP(alpha) = xi + rho alpha (Bun and Steinke 2016).</summary>
/// <param name="Rho">The slope rho.</param>
/// <param name="Xi">The intercept xi.</param>
public sealed record ZcdpEvent(double Rho, double Xi) : PrivacyEvent;
