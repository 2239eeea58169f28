namespace PersonaTune.Privacy.Mechanisms;

/// <summary>What a clip did.</summary>
/// <param name="NormBefore">The L2 norm before; it depends on the data and must not be published without noise.</param>
/// <param name="WasClipped">True if the norm exceeded the bound.</param>
public readonly record struct ClipResult(double NormBefore, bool WasClipped);
