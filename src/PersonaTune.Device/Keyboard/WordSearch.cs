using System.Text;

namespace PersonaTune.Device.Keyboard;

/// <summary>
/// Finds the most probable words that begin with what was typed: best-first search over token paths, a batch of paths at a time. A path's
/// probability bounds that of every word that it may become, so a word that is more probable than every open path is final. A word's
/// probability is that of its tokens times that of a word end after them; a path whose end nobody has asked the model about is no
/// word, however probable, and one that more probably goes on is none while it is not known what it becomes: "gim" is a likely beginning
/// of "gimme" and not meant. Not thread-safe.
/// </summary>
internal sealed class WordSearch(WordVocabulary vocabulary)
{
    /// <summary>Paths that are evaluated together.</summary>
    public const int BatchSize = 8;

    /// <summary>A path much less probable than the best open one waits: what the best one becomes may make it needless.</summary>
    private const double BatchRange = 0.2;

    private const int Branching = 24;
    private readonly PriorityQueue<Candidate, (double Order, int Age)> _open = new();
    private readonly PriorityQueue<Candidate, (double Order, int Age)> _complete = new();
    private readonly List<double> _bounds = [];
    private readonly List<Candidate> _batch = [];
    private readonly List<int> _tokens = [];
    private readonly List<(float P, int Token)> _best = [];
    private int _age;

    /// <summary>A path of tokens: its bytes (leading space included) and probability, for a complete one that of the word end included.</summary>
    private sealed record Candidate(int[] Path, byte[] Bytes, double Probability);

    /// <summary>
    /// The best words, most probable first; the probabilities are relative to all paths that fit. What was typed is itself a candidate
    /// only with <paramref name="includeTyped"/>. Once <paramref name="maxExpansions"/> or the time is used up, the words found so far.
    /// </summary>
    public List<WordSuggestion> Run(ITokenPredictor predictor, TypedText typed, int count, int maxExpansions, double caseFactor,
        Func<bool>? outOfTime, CancellationToken cancellationToken, bool includeTyped = false)
    {
        var required = Encoding.UTF8.GetBytes(typed.LeadingSpace ? " " + typed.Prefix : typed.Prefix);
        var skip = typed.LeadingSpace ? 1 : 0;
        var shortest = required.Length - skip + (includeTyped && typed.Prefix.Length > 0 ? 0 : 1);
        _open.Clear();
        _complete.Clear();
        _bounds.Clear();
        var words = new Dictionary<string, double>(StringComparer.Ordinal);
        cancellationToken.ThrowIfCancellationRequested();
        var fitting = Expand(predictor, new Candidate([], [], 1), required, skip, shortest, caseFactor);
        for (var left = maxExpansions - 1; ;)
        {
            while (words.Count < count && _complete.TryPeek(out var best, out _)
                && (!_open.TryPeek(out var open, out _) || best.Probability >= open.Probability))
                Accept(words, _complete.Dequeue(), typed.Prefix, skip);
            if (words.Count >= count || _open.Count == 0 || left <= 0 || outOfTime?.Invoke() == true) break;
            cancellationToken.ThrowIfCancellationRequested();
            left -= ExpandBatch(predictor, count, Math.Min(left, BatchSize), required, skip, shortest, caseFactor);
        }
        while (words.Count < count && _complete.TryDequeue(out var rest, out _))
            if (!GoesOn(rest)) Accept(words, rest, typed.Prefix, skip);
        return [.. words.Select(word => new WordSuggestion(word.Key, Math.Min(1, fitting > 0 ? word.Value / fitting : 0)))
            .OrderByDescending(word => word.Probability)];
    }

    /// <summary>Whether an open path through a word is more probable than that the word ends: it is a piece of another word then.</summary>
    private bool GoesOn(Candidate word)
    {
        foreach (var (open, _) in _open.UnorderedItems)
            if (open.Probability > word.Probability && open.Path.AsSpan().StartsWith(word.Path)) return true;
        return false;
    }

    private static void Accept(Dictionary<string, double> words, Candidate candidate, string prefix, int skip)
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
        words[word] = words.GetValueOrDefault(word) + candidate.Probability;
    }

    /// <summary>
    /// Expands the best open path and those near it, but none that no longer can become one of the <paramref name="count"/> best words.
    /// </summary>
    private int ExpandBatch(ITokenPredictor predictor, int count, int limit, byte[] required, int skip, int shortest, double caseFactor)
    {
        _batch.Clear();
        var least = Math.Max(_bounds.Count < count ? 0 : _bounds[count - 1], BatchRange * _open.Peek().Probability);
        while (_batch.Count < limit && _open.TryPeek(out var next, out _) && (_batch.Count == 0 || next.Probability > least))
            _batch.Add(_open.Dequeue());
        predictor.Prepare([.. _batch.Select(candidate => candidate.Path)]);
        foreach (var candidate in _batch) Expand(predictor, candidate, required, skip, shortest, caseFactor);
        return _batch.Count;
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
                Complete(candidate with { Probability = candidate.Probability * Math.Max(0, end) });
            }
        }
        foreach (var (p, token) in _best)
            Push(new Candidate([.. candidate.Path, token], [.. candidate.Bytes, .. vocabulary.Bytes(token)], candidate.Probability * p));
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
        if (candidate.Probability > 0) _open.Enqueue(candidate, (-candidate.Probability, _age++));
    }

    private void Complete(Candidate candidate)
    {
        if (candidate.Probability <= 0) return;
        _complete.Enqueue(candidate, (-candidate.Probability, _age++));
        var at = _bounds.Count;
        while (at > 0 && _bounds[at - 1] < candidate.Probability) at--;
        _bounds.Insert(at, candidate.Probability);
    }

    private static bool SameCase(ReadOnlySpan<byte> token, ReadOnlySpan<byte> remaining)
    {
        var length = Math.Min(token.Length, remaining.Length);
        return token[..length].SequenceEqual(remaining[..length]);
    }
}
