using System.Numerics;

namespace PersonaTune.Device.Keyboard;

/// <summary>
/// How much a prediction trusts the model and how much the person's n-gram cache:
/// p = lambda p_model + (1 - lambda) p_cache, with a lambda for each length of the context that the cache knows and each range of its
/// count (Jelinek and Mercer 1980). A sum of distributions with weights that do not depend on the token is a distribution. Immutable
/// and thread-safe.
/// </summary>
public sealed class CacheMixture
{
    private const int CountRanges = 5;
    private const int Buckets = (NGramContext.MaxLength + 1) * CountRanges;
    private readonly double[] _weights;

    private CacheMixture(double[] weights) => _weights = weights;

    /// <summary>The mixture that is the model alone.</summary>
    public static CacheMixture ModelOnly { get; } = Constant(1);

    /// <summary>
    /// Weights for a person whose own have not been tuned yet: the longer and the more often seen the context, the more the cache is
    /// trusted. Fitted to 23,583 validation predictions of the shipped base and caches of order 3 for the 32 people of the shared SMS
    /// data; contexts longer than that cache's have the weights of its longest.
    /// </summary>
    public static CacheMixture Default { get; } = new(
    [
        0.7, 0.7, 0.7, 0.7, 0.7,
        0.66, 0.61, 0.61, 0.57, 0.4,
        0.31, 0.22, 0.19, 0.2, 0.1,
        0.31, 0.22, 0.19, 0.2, 0.1,
        0.31, 0.22, 0.19, 0.2, 0.1,
    ]);

    /// <summary>The same weight everywhere.</summary>
    /// <param name="modelWeight">lambda, 0 to 1.</param>
    public static CacheMixture Constant(double modelWeight)
    {
        if (!(modelWeight >= 0 && modelWeight <= 1))
            throw new ArgumentOutOfRangeException(nameof(modelWeight), modelWeight, "a weight lies in 0 to 1");
        var weights = new double[Buckets];
        Array.Fill(weights, modelWeight);
        return new CacheMixture(weights);
    }

    /// <summary>
    /// The weights that make held-out predictions most likely, by expectation maximization. Each bucket is drawn towards the weight of
    /// all points together as if it had seen <paramref name="prior"/> more points, so that rare buckets stay sensible. Without points
    /// the model alone is used.
    /// </summary>
    public static CacheMixture Fit(IReadOnlyList<MixturePoint> points, double prior = 10)
    {
        ArgumentNullException.ThrowIfNull(points);
        if (points.Count == 0) return ModelOnly;
        var global = Constant(Maximize(points, 0.5, 0));
        var byBucket = points.Where(point => point.Match.Length >= 0).GroupBy(point => Bucket(point.Match));
        foreach (var bucket in byBucket) global._weights[bucket.Key] = Maximize([.. bucket], global._weights[bucket.Key], prior);
        return global;
    }

    /// <summary>lambda: the weight of the model. 1 where the cache has seen nothing.</summary>
    public double ModelWeight(CacheMatch match) => match.Length < 0 ? 1 : _weights[Bucket(match)];

    /// <summary>The mixed probability of a point's token.</summary>
    public double Probability(in MixturePoint point)
    {
        var weight = ModelWeight(point.Match);
        return weight * point.Model + (1 - weight) * point.Cache;
    }

    /// <summary>Mixes two distributions (vocabulary) into <paramref name="model"/>.</summary>
    public void Mix(CacheMatch match, Span<float> model, ReadOnlySpan<float> cache)
    {
        var weight = (float)ModelWeight(match);
        var i = 0;
        for (; i <= model.Length - Vector<float>.Count; i += Vector<float>.Count)
            (weight * new Vector<float>(model[i..]) + (1 - weight) * new Vector<float>(cache[i..])).CopyTo(model[i..]);
        for (; i < model.Length; i++) model[i] = weight * model[i] + (1 - weight) * cache[i];
    }

    /// <summary>The weights, for storage.</summary>
    public double[] ToWeights() => [.. _weights];

    /// <summary>A mixture of stored weights.</summary>
    /// <exception cref="ArgumentException">Their number is wrong, or one lies outside 0 to 1.</exception>
    public static CacheMixture FromWeights(ReadOnlySpan<double> weights)
    {
        if (weights.Length != Buckets) throw new ArgumentException($"expected {Buckets} weights, found {weights.Length}", nameof(weights));
        foreach (var weight in weights)
            if (!(weight >= 0 && weight <= 1)) throw new ArgumentException($"a weight lies in 0 to 1, found {weight}", nameof(weights));
        return new CacheMixture(weights.ToArray());
    }

    private static double Maximize(IReadOnlyList<MixturePoint> points, double start, double prior)
    {
        var weight = start;
        for (var round = 0; round < 200; round++)
        {
            var model = 0.0;
            foreach (var point in points)
            {
                var mixed = weight * point.Model + (1 - weight) * point.Cache;
                if (mixed > 0) model += weight * point.Model / mixed;
            }
            var next = (model + prior * start) / (points.Count + prior);
            if (Math.Abs(next - weight) < 1e-6) return next;
            weight = next;
        }
        return weight;
    }

    private static int Bucket(CacheMatch match) => Math.Min(match.Length, NGramContext.MaxLength) * CountRanges + match.Count switch
    {
        <= 1 => 0,
        2 => 1,
        <= 4 => 2,
        <= 9 => 3,
        _ => 4,
    };
}
