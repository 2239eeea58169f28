namespace PersonaTune.Device.Keyboard;

/// <summary>
/// The person-only baseline: interpolated modified Kneser-Ney (Chen and Goodman 1998) over the base model's tokens, interpolated with
/// the uniform distribution over its vocabulary. Because it predicts the same tokens, it gives a probability to every text that the
/// model does, and its perplexity per word is comparable. Built once from whole messages. Not thread-safe.
/// </summary>
public sealed class KneserNeyModel
{
    private readonly NGramEstimator _estimator;

    /// <summary>Builds the model.</summary>
    /// <param name="messages">Token ids of each message: start token, text, end token.</param>
    /// <param name="vocabularySize">Token ids run from 0 to this, exclusive.</param>
    /// <param name="startId">The token that begins every message, or null.</param>
    /// <param name="order">Longest n-gram, 1 to 5.</param>
    public KneserNeyModel(IEnumerable<ReadOnlyMemory<int>> messages, int vocabularySize, int? startId, int order)
    {
        ArgumentNullException.ThrowIfNull(messages);
        ArgumentOutOfRangeException.ThrowIfLessThan(vocabularySize, 1);
        var counts = new NGramCounts(order);
        foreach (var message in messages) counts.Add(message.Span);
        _estimator = new NGramEstimator(counts, vocabularySize, startId, null);
        (VocabularySize, Order) = (vocabularySize, order);
    }

    /// <summary>Number of token ids.</summary>
    public int VocabularySize { get; }

    /// <summary>Longest n-gram.</summary>
    public int Order { get; }

    /// <summary>The probability that <paramref name="token"/> follows; above 0 for every token.</summary>
    public double Probability(ReadOnlySpan<int> context, int token) => _estimator.Probability(context, token);

    /// <summary>Writes the probability of every token (vocabulary) to <paramref name="destination"/>; they add up to 1.</summary>
    public void Probabilities(ReadOnlySpan<int> context, Span<float> destination) => _estimator.Probabilities(context, destination);
}
