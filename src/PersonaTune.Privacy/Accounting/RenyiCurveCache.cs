using System.Collections.Concurrent;

namespace PersonaTune.Privacy.Accounting;

/// <summary>
/// Curves of sampled Gaussians at the default orders, the only ones that take milliseconds: a training run asks for one of them thousands
/// of times. Holds a bounded number and starts afresh when full. Thread-safe; callers do not change the arrays.
/// </summary>
internal static class RenyiCurveCache
{
    private const int Capacity = 256;

    private static readonly ConcurrentDictionary<(double Q, double Sigma), double[]> Poisson = new();
    private static readonly ConcurrentDictionary<(double Gamma, double Sigma), double[]> FixedSize = new();
    private static readonly ConcurrentDictionary<double, RenyiFixedSizeSampling> Differences = new();

    /// <summary>The orders whose curves are kept, as the one array that marks them.</summary>
    public static double[] DefaultOrders { get; } = RenyiOrders.Checked(RenyiOrders.Default);

    public static double[] PoissonSampledGaussian(double q, double sigma, double[] orders)
    {
        if (double.IsInfinity(sigma)) return new double[orders.Length];
        return ReferenceEquals(orders, DefaultOrders)
            ? Cached(Poisson, (q, sigma), key => RenyiSampledGaussian.Curve(key.Item1, key.Item2, DefaultOrders))
            : RenyiSampledGaussian.Curve(q, sigma, orders);
    }

    public static double[] FixedSizeSampledGaussian(double gamma, double sigma, double[] orders)
    {
        if (double.IsInfinity(sigma)) return new double[orders.Length];
        return ReferenceEquals(orders, DefaultOrders)
            ? Cached(FixedSize, (gamma, sigma), key => Cached(
                Differences, key.Item2, noise => new RenyiFixedSizeSampling(noise, DefaultOrders)).Curve(key.Item1, DefaultOrders))
            : new RenyiFixedSizeSampling(sigma, orders).Curve(gamma, orders);
    }

    private static TValue Cached<TKey, TValue>(ConcurrentDictionary<TKey, TValue> cache, TKey key, Func<TKey, TValue> compute)
        where TKey : notnull
    {
        if (cache.TryGetValue(key, out var known)) return known;
        if (cache.Count >= Capacity) cache.Clear();
        return cache.GetOrAdd(key, compute);
    }
}
