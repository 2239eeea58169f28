using PersonaTune.Engine.Inference;
using PersonaTune.Engine.Kernels;
using PersonaTune.Engine.Models;

namespace PersonaTune.Device.Personalization;

/// <summary>
/// Scores messages under a model with any adapters, with f32 activations as in training. Thread-safe.
/// </summary>
public sealed class MessageScorer
{
    private readonly DecoderModel _model;
    private readonly WorkerPool _pool;

    /// <summary>Creates a scorer.</summary>
    public MessageScorer(DecoderModel model, WorkerPool pool)
    {
        ArgumentNullException.ThrowIfNull(model);
        ArgumentNullException.ThrowIfNull(pool);
        (_model, _pool) = (model, pool);
    }

    /// <summary>One score a message, in order. Cancellation is seen between batches of messages.</summary>
    /// <exception cref="Engine.Lora.AdapterMismatchException">The adapters do not fit the model.</exception>
    /// <exception cref="ContextLimitException">A piece is longer than the model's context.</exception>
    public IReadOnlyList<MessageScore> Score(AdapterStack adapters, IReadOnlyList<EncodedMessage> messages, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(messages);
        var pieces = messages.SelectMany(message => message.Pieces).ToList();
        var scorer = new BatchScorer(_model, _pool, adapters, ActivationPrecision.Exact);
        var logs = scorer.LogProbabilities([.. pieces.Select(piece => piece.Ids)], cancellationToken);
        var scores = new MessageScore[messages.Count];
        for (int i = 0, next = 0; i < scores.Length; i++)
        {
            var tokens = 0;
            var nll = 0.0;
            foreach (var piece in messages[i].Pieces)
            {
                foreach (var log in logs[next++].AsSpan(piece.FirstTarget)) nll -= log;
                tokens += piece.Ids.Length - piece.FirstTarget;
            }
            scores[i] = new MessageScore(messages[i].Words, tokens, nll);
        }
        return scores;
    }
}
