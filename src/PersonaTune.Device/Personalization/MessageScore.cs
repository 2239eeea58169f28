namespace PersonaTune.Device.Personalization;

/// <summary>What one message costs under one model: the terms of a paired comparison.</summary>
/// <param name="Words">Words of the message.</param>
/// <param name="Tokens">Predicted tokens, the end included.</param>
/// <param name="Nll">Sum of -ln p over them, in nats.</param>
public readonly record struct MessageScore(int Words, int Tokens, double Nll)
{
    /// <summary>Adds up <paramref name="scores"/>.</summary>
    public static HeldOutMetrics Sum(IReadOnlyList<MessageScore> scores)
    {
        long words = 0, tokens = 0;
        var nll = 0.0;
        foreach (var score in scores)
        {
            words += score.Words;
            tokens += score.Tokens;
            nll += score.Nll;
        }
        return new HeldOutMetrics(scores.Count, words, tokens, nll);
    }
}
