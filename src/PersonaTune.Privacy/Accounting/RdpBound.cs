namespace PersonaTune.Privacy.Accounting;

/// <summary>A bound that Rényi accounting gives, and where on the curve it was found.</summary>
/// <param name="Value">The epsilon or the delta.</param>
/// <param name="Order">The Rényi order that gave the smallest value; 0 if no order gives a finite epsilon.</param>
public readonly record struct RdpBound(double Value, double Order);
