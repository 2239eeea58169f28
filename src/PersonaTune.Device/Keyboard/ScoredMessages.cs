using PersonaTune.Engine.Inference;
using PersonaTune.Engine.Kernels;
using PersonaTune.Engine.Models;

namespace PersonaTune.Device.Keyboard;

/// <summary>Messages with the probability that a model gave each of their tokens.</summary>
/// <param name="Messages">Token ids of each message: start token, text, end token.</param>
/// <param name="Probabilities">For each message the probability of token i given those before, (tokens); the first is unused.</param>
internal sealed record ScoredMessages(IReadOnlyList<int[]> Messages, IReadOnlyList<double[]> Probabilities)
{
    /// <summary>Scores messages with a model and adapters; cancellation is seen between batches.</summary>
    public static ScoredMessages Score(DecoderModel model, WorkerPool pool, AdapterStack adapters, IReadOnlyList<int[]> messages,
        CancellationToken cancellationToken)
    {
        // Probabilities for tuning are computed as training computes them.
        var logs = new BatchScorer(model, pool, adapters, ActivationPrecision.Exact).LogProbabilities(messages, cancellationToken);
        return new ScoredMessages(messages, [.. logs.Select(message => Array.ConvertAll(message, value => Math.Exp(value)))]);
    }

    /// <summary>Every prediction together with the cache's.</summary>
    public List<MixturePoint> Points(NGramCache cache)
    {
        var points = new List<MixturePoint>();
        for (var m = 0; m < Messages.Count; m++)
            for (var i = 1; i < Messages[m].Length; i++)
            {
                var context = Messages[m].AsSpan(0, i);
                points.Add(new MixturePoint(Probabilities[m][i], cache.Levels(context, Messages[m][i])));
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
