namespace PersonaTune.Device.Keyboard;

/// <summary>
/// Interpolated modified Kneser-Ney probabilities (Chen and Goodman 1998) from counts that may still change: the longest known context
/// uses raw counts, shorter ones the number of different contexts, and the shortest is interpolated with the uniform distribution, so
/// that every token has a probability above zero. Contexts that begin with a message's first token have nothing before them and always
/// use raw counts.
/// </summary>
internal sealed class NGramEstimator
{
    private readonly NGramCounts _counts;
    private readonly int _vocabularySize;
    private readonly int? _startId;
    private readonly double? _discount;
    private KneserNeyDiscounts[]? _discounts;

    public NGramEstimator(NGramCounts counts, int vocabularySize, int? startId, double? discount)
    {
        (_counts, _vocabularySize, _startId, _discount) = (counts, vocabularySize, startId, discount);
    }

    /// <summary>To be called whenever the counts have changed.</summary>
    public void Invalidate() => _discounts = null;

    /// <summary>Length of the longest known context, or -1 where nothing was counted, and how often it occurred.</summary>
    public (int Length, int Count) Match(ReadOnlySpan<int> context)
    {
        for (var length = Math.Min(_counts.Order - 1, context.Length); length >= 0; length--)
            if (_counts.TryGet(context, length, out var node)) return (length, node.Total);
        return (-1, 0);
    }

    /// <summary>The probability of one token.</summary>
    public double Probability(ReadOnlySpan<int> context, int token)
    {
        var discounts = Discounts();
        var longest = Match(context).Length;
        var probability = 1.0 / _vocabularySize;
        for (var length = 0; length <= longest; length++)
        {
            if (!TryLevel(context, length, discounts, out var node, out var raw, out var total, out var backoff)) continue;
            var count = Of(node[token], raw);
            probability = (count > 0 ? count - Discount(discounts, length, count) : 0) / total + backoff * probability;
        }
        return probability;
    }

    /// <summary>The probabilities of all tokens; they add up to 1.</summary>
    public void Probabilities(ReadOnlySpan<int> context, Span<float> destination)
    {
        var discounts = Discounts();
        var longest = Match(context).Length;
        // What reaches a level from above: the product of the longer levels' shares for unseen successors.
        Span<double> reach = stackalloc double[NGramContext.MaxLength + 2];
        reach.Fill(1);
        for (var length = longest; length >= 0; length--)
            reach[length] = reach[length + 1]
                * (TryLevel(context, length, discounts, out _, out _, out _, out var backoff) ? backoff : 1);
        destination[.._vocabularySize].Fill((float)((longest < 0 ? 1 : reach[0]) / _vocabularySize));
        for (var length = 0; length <= longest; length++)
        {
            if (!TryLevel(context, length, discounts, out var node, out var raw, out var total, out _)) continue;
            foreach (var (token, counts) in node.Successors)
            {
                var count = Of(counts, raw);
                if (count > 0) destination[token] += (float)(reach[length + 1] * (count - Discount(discounts, length, count)) / total);
            }
        }
    }

    private bool TryLevel(ReadOnlySpan<int> context, int length, KneserNeyDiscounts[] discounts, out NGramNode node, out bool raw,
        out double total, out double backoff)
    {
        (raw, total, backoff) = (false, 0, 1);
        if (!_counts.TryGet(context, length, out node!)) return false;
        raw = IsRaw(length, length > 0 ? context[^length] : -1);
        total = raw ? node.Total : node.ContinuationTotal;
        if (total == 0) return false;
        var discounted = 0.0;
        foreach (var (_, counts) in node.Successors) discounted += Discount(discounts, length, Of(counts, raw));
        backoff = discounted / total;
        return true;
    }

    private bool IsRaw(int length, int leftmost) => length == _counts.Order - 1 || leftmost == _startId;

    private static int Of(NGramNode.Count count, bool raw) => raw ? count.Raw : count.Continuations;

    private double Discount(KneserNeyDiscounts[] discounts, int length, int count) =>
        _discount is { } fixedDiscount ? count > 0 ? fixedDiscount : 0 : discounts[length][count];

    private KneserNeyDiscounts[] Discounts()
    {
        if (_discounts is { } known) return known;
        var seen = new long[_counts.Order, 5];
        foreach (var (context, node) in _counts.Nodes)
        {
            var (length, leftmost) = Measure(context);
            var raw = IsRaw(length, leftmost);
            foreach (var (_, counts) in node.Successors)
                if (Of(counts, raw) is >= 1 and <= 4 and var count) seen[length, count]++;
        }
        var discounts = new KneserNeyDiscounts[_counts.Order];
        for (var length = 0; length < discounts.Length; length++)
            discounts[length] = KneserNeyDiscounts.Estimate(seen[length, 1], seen[length, 2], seen[length, 3], seen[length, 4]);
        return _discounts = discounts;
    }

    private static (int Length, int Leftmost) Measure(NGramContext context) => context switch
    {
        { First: < 0 } => (0, -1),
        { Second: < 0 } => (1, context.First),
        { Third: < 0 } => (2, context.Second),
        { Fourth: < 0 } => (3, context.Third),
        _ => (4, context.Fourth),
    };
}
