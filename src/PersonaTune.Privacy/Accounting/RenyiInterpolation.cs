namespace PersonaTune.Privacy.Accounting;

/// <summary>
/// Rényi bounds between whole orders: (alpha - 1) RDP(alpha) is convex in alpha and 0 at alpha = 1 (Wang, Balle and Kasiviswanathan 2019,
/// corollary 10), so the chord between two whole orders lies above it.
/// </summary>
internal static class RenyiInterpolation
{
    /// <summary>The bound at any finite order from a bound at whole orders 2, 3, ...</summary>
    public static double At(double order, Func<int, double> wholeOrder)
    {
        var floor = (int)Math.Floor(order);
        if (order == floor) return wholeOrder(floor);
        var part = order - floor;
        var low = floor == 1 ? 0 : (floor - 1) * wholeOrder(floor);
        return (((1 - part) * low) + (part * floor * wholeOrder(floor + 1))) / (order - 1);
    }
}
