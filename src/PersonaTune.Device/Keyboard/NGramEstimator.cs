using PersonaTune.Engine.Kernels;

namespace PersonaTune.Device.Keyboard;

/// <summary>
/// Interpolated modified Kneser-Ney probabilities (Chen and Goodman 1998) from counts that may still change: the longest known context
/// uses raw counts, shorter ones the number of different contexts. Below the shortest stands any distribution p_0: the uniform one for
/// n-grams alone, so that every token has a probability above zero, or a model's. Contexts that begin with a message's first token have
/// nothing before them and always use raw counts. Estimates change nothing but a memo of the discounts and may run beside each other.
/// </summary>
internal sealed class NGramEstimator(NGramCounts counts, int vocabularySize, int? startId, double? discount)
{
    private KneserNeyDiscounts[]? _discounts;

    /// <summary>To be called whenever the counts have changed.</summary>
    public void Invalidate() => _discounts = null;

    /// <summary>Fills in what is known of a context, the empty one first, and returns how many levels there are.</summary>
    public int Levels(ReadOnlySpan<int> context, ref NGramLevels levels)
    {
        var discounts = Discounts();
        var found = 0;
        for (var length = 0; length <= Math.Min(counts.Order - 1, context.Length); length++)
        {
            if (!counts.TryGet(context, length, out var node)) break;
            var raw = IsRaw(length, length > 0 ? context[^length] : -1);
            var total = raw ? node.Total : node.ContinuationTotal;
            if (total > 0) levels[found++] = new NGramLevel(node, length, raw, total, discounts[length]);
        }
        return found;
    }

    /// <summary>The probability of one token over the uniform distribution.</summary>
    public double Probability(ReadOnlySpan<int> context, int token)
    {
        var levels = new NGramLevels();
        var count = Levels(context, ref levels);
        var probability = 1.0 / vocabularySize;
        for (var i = 0; i < count; i++) probability = levels[i].Direct(levels[i].Node[token]) + levels[i].Escape * probability;
        return probability;
    }

    /// <summary>The probabilities of all tokens over the uniform distribution; they add up to 1.</summary>
    public void Probabilities(ReadOnlySpan<int> context, Span<float> destination)
    {
        destination = destination[..vocabularySize];
        destination.Fill(1f / vocabularySize);
        Interpolate(context, null, destination);
    }

    /// <summary>Replaces p_0 (vocabulary) by the chain over it; null weights trust every level as Kneser and Ney do.</summary>
    public void Interpolate(ReadOnlySpan<int> context, CacheMixture? mixture, Span<float> probabilities)
    {
        var levels = new NGramLevels();
        var count = Levels(context, ref levels);
        Span<double> shares = stackalloc double[NGramContext.MaxLength + 1];
        // What is left for the levels below: the product of the longer levels' shares for what they have not seen.
        var reach = 1.0;
        for (var i = count - 1; i >= 0; i--)
        {
            var weight = mixture?.Weight(levels[i].Length, levels[i].Node.Total) ?? 1;
            shares[i] = reach * weight;
            reach *= 1 - weight + weight * levels[i].Escape;
        }
        if (reach < 1) Elementwise.Scale(probabilities, (float)reach);
        for (var i = 0; i < count; i++)
        {
            if (shares[i] == 0) continue;
            foreach (var (token, seen) in levels[i].Node.Successors) probabilities[token] += (float)(shares[i] * levels[i].Direct(seen));
        }
    }

    private bool IsRaw(int length, int leftmost) => length == counts.Order - 1 || leftmost == startId;

    private KneserNeyDiscounts[] Discounts()
    {
        if (_discounts is { } known) return known;
        var discounts = new KneserNeyDiscounts[counts.Order];
        if (discount is { } all)
        {
            Array.Fill(discounts, new KneserNeyDiscounts(all, all, all));
            return _discounts = discounts;
        }
        var seen = new long[counts.Order, 5];
        foreach (var (context, node) in counts.Nodes)
        {
            var (length, leftmost) = Measure(context);
            var raw = IsRaw(length, leftmost);
            foreach (var (_, count) in node.Successors)
                if ((raw ? count.Raw : count.Continuations) is >= 1 and <= 4 and var times) seen[length, times]++;
        }
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
