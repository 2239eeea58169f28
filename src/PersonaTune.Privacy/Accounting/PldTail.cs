namespace PersonaTune.Privacy.Accounting;

/// <summary>
/// Masses of {loss > l} and of its complement under the upper and the lower distribution; each is accurate where it is small.
/// </summary>
internal readonly record struct PldTail(double UpperAbove, double UpperBelow, double LowerAbove, double LowerBelow)
{
    public static PldTail Everything => new(1, 0, 1, 0);

    public static PldTail Nothing => new(0, 1, 0, 1);

    /// <summary>Mass between this and a later cut under the upper distribution.</summary>
    public double UpperUntil(in PldTail next) =>
        Math.Max(0, UpperAbove > 0.5 ? next.UpperBelow - UpperBelow : UpperAbove - next.UpperAbove);

    /// <summary>Mass between this and a later cut under the lower distribution.</summary>
    public double LowerUntil(in PldTail next) =>
        Math.Max(0, LowerAbove > 0.5 ? next.LowerBelow - LowerBelow : LowerAbove - next.LowerAbove);
}
