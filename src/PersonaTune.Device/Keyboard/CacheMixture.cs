namespace PersonaTune.Device.Keyboard;

/// <summary>
/// How a model's prediction and the person's n-gram cache become one. The model's distribution is the end of the cache's back-off chain:
/// p_n = w (direct_n + escape_n p_(n-1)) + (1 - w) p_(n-1), where direct_n and escape_n are those of interpolated Kneser-Ney for the last
/// n tokens, p_(n-1) that of the next shorter context, and the model stands below the empty one. What the person's n-grams have not
/// seen is thus left to the model and not to the uniform distribution. w, the trust in a context, depends on its length and on how often it was seen. Every step is
/// a weighted sum of distributions with weights that do not depend on the token, so the result is one. Immutable and thread-safe.
/// </summary>
public sealed class CacheMixture
{
    /// <summary>
    /// Version of what <see cref="ToWeights"/> means. 0 was the weight of the model beside a cache that ended in the uniform distribution.
    /// </summary>
    internal const int Version = 1;

    private const int CountRanges = 5;
    private const int Buckets = (NGramContext.MaxLength + 1) * CountRanges;
    private const int MaxRounds = 100;
    private readonly double[] _weights;

    private CacheMixture(double[] weights) => _weights = weights;

    /// <summary>The mixture that is the model alone.</summary>
    public static CacheMixture ModelOnly { get; } = Constant(0);

    /// <summary>
    /// Weights for a person whose own have not been tuned yet, and what <see cref="Fit"/> starts from. Fitted to 45,825 predictions of
    /// validation messages of the 32 people of the shared SMS data, by the shipped base and by it with each person's adapter, over caches
    /// of order 4; contexts longer than that cache's have the weights of its longest.
    /// </summary>
    public static CacheMixture Default { get; } = new(
    [
        0.5, 0.5, 0.5, 0.5, 0.33,
        0.53, 0.52, 0.68, 0.69, 0.85,
        0.89, 0.94, 0.92, 0.94, 0.95,
        0.97, 0.96, 0.91, 0.88, 0.84,
        0.97, 0.96, 0.91, 0.88, 0.84,
    ]);

    /// <summary>The same trust in every context.</summary>
    /// <param name="weight">0 (the model alone) to 1 (Kneser-Ney over the model).</param>
    public static CacheMixture Constant(double weight)
    {
        if (!(weight >= 0 && weight <= 1)) throw new ArgumentOutOfRangeException(nameof(weight), weight, "a weight lies in 0 to 1");
        var weights = new double[Buckets];
        Array.Fill(weights, weight);
        return new CacheMixture(weights);
    }

    /// <summary>
    /// The weights that make held-out predictions most likely, by expectation maximization. Each weight is drawn towards
    /// <see cref="Default"/> as if that had been seen <paramref name="prior"/> times, so that rare contexts stay sensible; without
    /// points it is <see cref="Default"/>.
    /// </summary>
    public static CacheMixture Fit(IReadOnlyList<MixturePoint> points, double prior = 5)
    {
        ArgumentNullException.ThrowIfNull(points);
        ArgumentOutOfRangeException.ThrowIfNegative(prior);
        if (points.Count == 0) return Default;
        var mixture = new CacheMixture([.. Default._weights]);
        Span<double> used = stackalloc double[Buckets];
        Span<double> reached = stackalloc double[Buckets];
        var change = 1.0;
        for (var round = 0; round < MaxRounds && change > 1e-4; round++)
        {
            used.Clear();
            reached.Clear();
            foreach (var point in points) mixture.Expect(point, used, reached);
            change = 0;
            for (var b = 0; b < Buckets; b++)
            {
                if (reached[b] + prior == 0) continue;
                var next = (used[b] + prior * Default._weights[b]) / (reached[b] + prior);
                change = Math.Max(change, Math.Abs(next - mixture._weights[b]));
                mixture._weights[b] = next;
            }
        }
        return mixture;
    }

    /// <summary>The trust in a context of <paramref name="length"/> tokens that was seen <paramref name="count"/> times.</summary>
    public double Weight(int length, int count) => _weights[Bucket(length, count)];

    /// <summary>The mixed probability of a point's token.</summary>
    public double Probability(in MixturePoint point)
    {
        var probability = point.Model;
        foreach (var level in point.Levels) probability = Step(level, probability);
        return probability;
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

    private double Step(in CacheLevel level, double shorter)
    {
        var weight = Weight(level.Length, level.Count);
        return weight * level.Direct + (1 - weight + weight * level.Escape) * shorter;
    }

    /// <summary>Adds how often each weight's choice was reached and how often it fell on the cache, given that the token came.</summary>
    private void Expect(in MixturePoint point, Span<double> used, Span<double> reached)
    {
        var levels = point.Levels;
        Span<double> at = stackalloc double[levels.Count + 1];
        at[0] = point.Model;
        for (var i = 0; i < levels.Count; i++) at[i + 1] = Step(levels[i], at[i]);
        var reach = 1.0;
        for (var i = levels.Count - 1; i >= 0 && at[i + 1] > 0; i--)
        {
            var level = levels[i];
            var bucket = Bucket(level.Length, level.Count);
            var weight = _weights[bucket];
            reached[bucket] += reach;
            used[bucket] += reach * weight * (level.Direct + level.Escape * at[i]) / at[i + 1];
            reach *= (1 - weight + weight * level.Escape) * at[i] / at[i + 1];
        }
    }

    private static int Bucket(int length, int count) => Math.Min(length, NGramContext.MaxLength) * CountRanges + count switch
    {
        <= 1 => 0,
        2 => 1,
        <= 4 => 2,
        <= 9 => 3,
        _ => 4,
    };
}
