using PersonaTune.Engine.Inference;

namespace PersonaTune.Device.Keyboard;

/// <summary>Messages with the probability that a model gave each of their tokens.</summary>
/// <param name="Messages">Token ids of each message: start token, text, end token.</param>
/// <param name="Probabilities">For each message the probability of token i given those before, (tokens); the first is unused.</param>
internal sealed record ScoredMessages(IReadOnlyList<int[]> Messages, IReadOnlyList<double[]> Probabilities)
{
    /// <summary>Scores messages with a session's model and adapters; cancellation is seen between messages.</summary>
    public static ScoredMessages Score(DecoderSession session, IReadOnlyList<int[]> messages, CancellationToken cancellationToken)
    {
        var scored = new double[messages.Count][];
        var logs = Array.Empty<float>();
        for (var m = 0; m < scored.Length; m++)
        {
            cancellationToken.ThrowIfCancellationRequested();
            var ids = messages[m];
            if (logs.Length < ids.Length) logs = new float[ids.Length];
            session.Reset();
            session.LogProbabilities(ids, logs.AsSpan(0, ids.Length));
            scored[m] = new double[ids.Length];
            for (var i = 1; i < ids.Length; i++) scored[m][i] = Math.Exp(logs[i]);
        }
        return new ScoredMessages(messages, scored);
    }

    /// <summary>Every prediction together with the cache's.</summary>
    public List<MixturePoint> Points(NGramCache cache)
    {
        var points = new List<MixturePoint>();
        for (var m = 0; m < Messages.Count; m++)
            for (var i = 1; i < Messages[m].Length; i++)
            {
                var context = Messages[m].AsSpan(0, i);
                points.Add(new MixturePoint(cache.Match(context), Probabilities[m][i], cache.Probability(context, Messages[m][i])));
            }
        return points;
    }

    /// <summary>Sum of -ln p over all predictions, of the model alone.</summary>
    public double Nll()
    {
        var nll = 0.0;
        foreach (var message in Probabilities)
            foreach (var probability in message.AsSpan(1)) nll -= Log(probability);
        return nll;
    }

    /// <summary>Sum of -ln p over points under a mixture.</summary>
    public static double Nll(IReadOnlyList<MixturePoint> points, CacheMixture mixture)
    {
        var nll = 0.0;
        foreach (var point in points) nll -= Log(mixture.Probability(point));
        return nll;
    }

    /// <summary>Sum of -ln p of messages under the n-gram baseline.</summary>
    public static double Nll(IReadOnlyList<int[]> messages, KneserNeyModel model)
    {
        var nll = 0.0;
        foreach (var message in messages)
            for (var i = 1; i < message.Length; i++) nll -= Log(model.Probability(message.AsSpan(0, i), message[i]));
        return nll;
    }

    // A model's probability may underflow to zero in 32 bits; the smallest normal number bounds the damage of one token.
    private static double Log(double probability) => Math.Log(Math.Max(probability, 1e-38));
}
