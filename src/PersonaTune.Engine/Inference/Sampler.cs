namespace PersonaTune.Engine.Inference;

/// <summary>
/// Draws tokens from logits. Everything is allocated once; a draw allocates nothing. Not thread-safe: one sampler a sequence.
/// </summary>
public sealed class Sampler
{
    private readonly SamplingOptions _options;
    private readonly float[] _scores;
    private readonly ulong[] _candidates; // upper half: descending score, lower half: id; ascending order is best first
    private readonly int[] _recent;
    private int _recentCount;
    private int _recentNext;
    private SamplingRandom _random;

    /// <summary>Creates a sampler for logits of <paramref name="vocabularySize"/> values.</summary>
    /// <exception cref="EngineException">An option is out of range.</exception>
    public Sampler(SamplingOptions options, int vocabularySize)
    {
        ArgumentNullException.ThrowIfNull(options);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(vocabularySize);
        options.Validate();
        _options = options;
        _scores = new float[vocabularySize];
        _candidates = new ulong[options.Temperature == 0f ? 0 : vocabularySize];
        _recent = new int[options.RepetitionPenalty == 1f ? 0 : options.RepetitionWindow];
        _random = new SamplingRandom(options.Seed);
    }

    /// <summary>Notes a token of the sequence (of the prompt, or drawn) for the repetition penalty.</summary>
    public void Accept(int id)
    {
        if (_recent.Length == 0) return;
        _recent[_recentNext] = id;
        _recentNext = (_recentNext + 1) % _recent.Length;
        _recentCount = Math.Min(_recentCount + 1, _recent.Length);
    }

    /// <summary>Draws a token; negative infinity marks tokens that must not be drawn.</summary>
    /// <exception cref="ArgumentException">The logits do not have the vocabulary's length.</exception>
    /// <exception cref="EngineException">A logit is not a number or positive infinity, or no token is left.</exception>
    public int Sample(ReadOnlySpan<float> logits)
    {
        if (logits.Length != _scores.Length) throw new ArgumentException($"expected {_scores.Length} logits, found {logits.Length}", nameof(logits));
        logits.CopyTo(_scores);
        foreach (var id in _recent.AsSpan(0, _recentCount))
        {
            // A token that occurs twice is penalized once: its score then differs from its logit already.
            if ((uint)id >= (uint)logits.Length || _scores[id] != logits[id]) continue;
            _scores[id] = logits[id] > 0 ? logits[id] / _options.RepetitionPenalty : logits[id] * _options.RepetitionPenalty;
        }

        var best = Best();
        return _options.Temperature == 0f ? best : Draw(_scores[best]);
    }

    private int Best()
    {
        var (best, max) = (-1, float.NegativeInfinity);
        for (var i = 0; i < _scores.Length; i++)
        {
            var score = _scores[i];
            if (score > max) (best, max) = (i, score);
            else if (float.IsNaN(score)) throw new EngineException($"the logit of token {i} is not a number: the model or an adapter is damaged");
        }

        if (best < 0) throw new EngineException("every token is excluded: nothing can be drawn");
        if (float.IsPositiveInfinity(max)) throw new EngineException($"the logit of token {best} is infinite: the model or an adapter is damaged");
        return best;
    }

    private int Draw(float max)
    {
        // From here on a score is (logit - max) / temperature: the weight of a token relative to the best is exp(score).
        var (total, scale) = (0.0, 1f / _options.Temperature);
        for (var i = 0; i < _scores.Length; i++)
        {
            _scores[i] = (_scores[i] - max) * scale;
            if (_options.TopK == 0) total += MathF.Exp(_scores[i]);
        }

        var lowest = _options.MinP > 0 ? MathF.Log(_options.MinP) : float.NegativeInfinity;
        Span<ulong> kept;
        if (_options.TopK > 0 && _options.TopK < _scores.Length)
        {
            kept = TopK(_options.TopK);
            total = 0;
            foreach (var candidate in kept) total += Weight(candidate);
        }
        else
        {
            if (_options.TopK > 0)
                foreach (var score in _scores)
                    total += MathF.Exp(score);
            // Tokens below (1 - p) / V of the mass hold less than 1 - p together, so none of them is in the top-p set.
            var outside = _options.TopP < 1 ? (float)Math.Log((1 - (double)_options.TopP) * total / _scores.Length) : float.NegativeInfinity;
            kept = Above(Math.Min(0f, Math.Max(lowest, outside)));
        }

        kept = kept[..Prefix(kept, _options.TopP < 1 ? _options.TopP * total : double.PositiveInfinity, lowest)];
        var mass = 0.0;
        foreach (var candidate in kept) mass += Weight(candidate);
        var left = _random.NextDouble() * mass;
        foreach (var candidate in kept)
        {
            left -= Weight(candidate);
            if (left < 0) return (int)(uint)candidate;
        }

        return (int)(uint)kept[0]; // rounding left nothing over; the most likely token is the safe choice
    }

    /// <summary>The k best tokens, best first: a heap whose root is the worst of them.</summary>
    private Span<ulong> TopK(int k)
    {
        var heap = _candidates.AsSpan(0, k);
        for (var i = 0; i < k; i++) heap[i] = Candidate(i);
        for (var i = k / 2 - 1; i >= 0; i--) SiftDown(heap, i);
        for (var i = k; i < _scores.Length; i++)
        {
            var candidate = Candidate(i);
            if (candidate >= heap[0]) continue;
            heap[0] = candidate;
            SiftDown(heap, 0);
        }

        heap.Sort();
        return heap;
    }

    private Span<ulong> Above(float lowest)
    {
        var count = 0;
        for (var i = 0; i < _scores.Length; i++)
            if (_scores[i] >= lowest) _candidates[count++] = Candidate(i);
        var kept = _candidates.AsSpan(0, count);
        if (_options.TopP < 1) kept.Sort();
        return kept;
    }

    /// <summary>How many of the sorted candidates top-p and min-p keep, at least one.</summary>
    private int Prefix(ReadOnlySpan<ulong> sorted, double mass, float lowest)
    {
        if (_options.TopP >= 1 && (_options.TopK == 0 || _options.TopK >= _scores.Length)) return sorted.Length; // unsorted, filtered already
        var sum = 0.0;
        for (var i = 0; i < sorted.Length; i++)
        {
            if (_scores[(int)(uint)sorted[i]] < lowest) return Math.Max(1, i);
            sum += Weight(sorted[i]);
            if (sum >= mass) return i + 1;
        }

        return sorted.Length;
    }

    private float Weight(ulong candidate) => MathF.Exp(_scores[(int)(uint)candidate]);

    private ulong Candidate(int id)
    {
        var bits = BitConverter.SingleToUInt32Bits(_scores[id]);
        var ascending = (bits & 0x8000_0000) != 0 ? ~bits : bits | 0x8000_0000;
        return (ulong)~ascending << 32 | (uint)id;
    }

    private static void SiftDown(Span<ulong> heap, int i)
    {
        while (true)
        {
            var child = 2 * i + 1;
            if (child >= heap.Length) return;
            if (child + 1 < heap.Length && heap[child + 1] > heap[child]) child++;
            if (heap[child] <= heap[i]) return;
            (heap[i], heap[child]) = (heap[child], heap[i]);
            i = child;
        }
    }
}
