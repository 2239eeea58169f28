namespace PersonaTune.Privacy.Accounting;

/// <summary>Sets of Rényi orders. Every order above 1 gives a valid bound; an accountant reports the best of its set.</summary>
public static class RenyiOrders
{
    // The bound of a sample is a sum of as many terms as the order.
    private const double LargestOrder = 1_000_000;

    /// <summary>
    /// 1.1 to 10.9 by tenths, 11 to 63, then 128, 256, 512 and 1024: close enough to the best order of Gaussian mechanisms between
    /// epsilon 0.01 and 100. The same set as Google's dp_accounting, so that figures can be compared.
    /// </summary>
    public static IReadOnlyList<double> Default { get; } = Array.AsReadOnly(
        (double[])[.. Enumerable.Range(1, 99).Select(i => 1 + (i / 10.0)), .. Range(11, 63), 128, 256, 512, 1024]);

    /// <summary>
    /// 2 to 128 and 256: for mechanisms whose bound is proved for whole orders only (Skellam, sums of discrete Gaussians). The set of
    /// Google's distributed_dp.
    /// </summary>
    public static IReadOnlyList<double> WholeNumbers { get; } = Array.AsReadOnly((double[])[.. Range(2, 128), 256]);

    /// <summary>A checked copy of a caller's orders.</summary>
    /// <exception cref="ArgumentException">The list is empty or an order is out of range.</exception>
    internal static double[] Checked(IReadOnlyList<double> orders)
    {
        ArgumentNullException.ThrowIfNull(orders);
        if (orders.Count == 0)
            throw new ArgumentException("the list of Rényi orders is empty; pass orders above 1 or RenyiOrders.Default", nameof(orders));
        foreach (var order in orders)
        {
            if (!(order > 1) || (order > LargestOrder && double.IsFinite(order)))
            {
                throw new ArgumentException(
                    $"Rényi order {order} is not above 1 and at most {LargestOrder} or infinite; remove it from the list", nameof(orders));
            }
        }

        return [.. orders];
    }

    private static IEnumerable<double> Range(int from, int to) => Enumerable.Range(from, to - from + 1).Select(i => (double)i);
}
