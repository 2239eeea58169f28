using System.Text;

namespace PersonaTune.Device.Keyboard;

/// <summary>
/// Finds the most probable words that begin with what was typed: best-first search over token paths. A path's probability bounds that of
/// every word that it may become, so the first words to come off the queue are the best ones. A word's probability is that of its
/// tokens times that of a word end after them. Not thread-safe.
/// </summary>
internal sealed class WordSearch(WordVocabulary vocabulary)
{
    private const int Branching = 24;
    private readonly PriorityQueue<Candidate, (double Order, int Age)> _queue = new();
    private readonly List<int> _tokens = [];
    private readonly List<(float P, int Token)> _best = [];
    private int _age;

    /// <summary>A path of tokens: its bytes (leading space included), probability, and whether a word end has been accounted for.</summary>
    private sealed record Candidate(int[] Path, byte[] Bytes, double Probability, bool Complete);

    /// <summary>
    /// The best words, most probable first; the probabilities are relative to all paths that fit. What was typed is itself a candidate
    /// only with <paramref name="includeTyped"/>.
    /// </summary>
    public List<WordSuggestion> Run(ITokenPredictor predictor, TypedText typed, int count, int maxExpansions, double caseFactor,
        Func<bool>? outOfTime, CancellationToken cancellationToken, bool includeTyped = false)
    {
        var required = Encoding.UTF8.GetBytes(typed.LeadingSpace ? " " + typed.Prefix : typed.Prefix);
        var skip = typed.LeadingSpace ? 1 : 0;
        var shortest = required.Length - skip + (includeTyped && typed.Prefix.Length > 0 ? 0 : 1);
        _queue.Clear();
        var words = new Dictionary<string, double>(StringComparer.Ordinal);
        var fitting = 0.0;
        Push(new Candidate([], [], 1, false));
        for (var expansions = 0; _queue.TryDequeue(out var candidate, out _) && words.Count < count;)
        {
            cancellationToken.ThrowIfCancellationRequested();
            if (candidate.Complete)
            {
                Accept(words, candidate, typed.Prefix, skip, 1);
            }
            else if (expansions < maxExpansions && (expansions == 0 || outOfTime?.Invoke() != true))
            {
                expansions++;
                var mass = Expand(predictor, candidate, required, skip, shortest, caseFactor);
                if (candidate.Path.Length == 0) fitting = mass;
            }
            else if (candidate.Bytes.Length >= skip + shortest)
            {
                // Nothing is left to find out whether the word ends here: better a probable beginning than no word.
                Accept(words, candidate, typed.Prefix, skip, 0.5);
            }
        }
        return [.. words.Select(word => new WordSuggestion(word.Key, Math.Min(1, fitting > 0 ? word.Value / fitting : 0)))
            .OrderByDescending(word => word.Probability)];
    }

    private static void Accept(Dictionary<string, double> words, Candidate candidate, string prefix, int skip, double factor)
    {
        var bytes = candidate.Bytes.AsSpan(skip);
        if (!System.Text.Unicode.Utf8.IsValid(bytes)) return;
        var word = Encoding.UTF8.GetString(bytes);
        foreach (var rune in word.EnumerateRunes())
            if (!WordCharacters.IsWordRune(rune) && !WordCharacters.IsApostrophe(rune)) return;
        var rest = word[prefix.Length..];
        // A prefix in capitals asks for a word in capitals.
        if (prefix.Length > 1 && prefix.Any(char.IsUpper) && !prefix.Any(char.IsLower)) rest = rest.ToUpperInvariant();
        word = prefix + rest;
        words[word] = words.GetValueOrDefault(word) + factor * candidate.Probability;
    }

    private double Expand(ITokenPredictor predictor, Candidate candidate, byte[] required, int skip, int shortest, double caseFactor)
    {
        var probabilities = predictor.Predict(candidate.Path);
        var consumed = candidate.Bytes.Length;
        _best.Clear();
        var mass = 0.0;
        if (consumed < required.Length)
        {
            var remaining = required.AsSpan(consumed);
            _tokens.Clear();
            vocabulary.Match(remaining, _tokens);
            foreach (var token in _tokens)
            {
                var p = probabilities[token];
                if (!SameCase(vocabulary.Bytes(token), remaining)) p *= (float)caseFactor;
                mass += p;
                Offer(p, token);
            }
        }
        else
        {
            foreach (var token in vocabulary.Continuing)
            {
                mass += probabilities[token];
                Offer(probabilities[token], token);
            }
            if (consumed - skip >= shortest)
            {
                // What neither carries the word on nor mixes word and other characters ends it.
                var end = 1 - mass;
                foreach (var token in vocabulary.Mixed) end -= probabilities[token];
                Push(candidate with { Probability = candidate.Probability * Math.Max(0, end), Complete = true });
            }
        }
        foreach (var (p, token) in _best)
            Push(new Candidate([.. candidate.Path, token], [.. candidate.Bytes, .. vocabulary.Bytes(token)], candidate.Probability * p, false));
        return mass;
    }

    /// <summary>Keeps the <see cref="Branching"/> best tokens.</summary>
    private void Offer(float p, int token)
    {
        if (_best.Count == Branching)
        {
            if (p <= _best[^1].P) return;
            _best.RemoveAt(Branching - 1);
        }
        var at = _best.Count;
        while (at > 0 && _best[at - 1].P < p) at--;
        _best.Insert(at, (p, token));
    }

    // Equal probabilities come off in the order in which they went in, so that results repeat.
    private void Push(Candidate candidate)
    {
        if (candidate.Probability > 0) _queue.Enqueue(candidate, (-candidate.Probability, _age++));
    }

    private static bool SameCase(ReadOnlySpan<byte> token, ReadOnlySpan<byte> remaining)
    {
        var length = Math.Min(token.Length, remaining.Length);
        return token[..length].SequenceEqual(remaining[..length]);
    }
}
