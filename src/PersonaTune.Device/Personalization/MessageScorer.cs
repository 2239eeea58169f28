using PersonaTune.Engine.Inference;
using PersonaTune.Engine.Kernels;
using PersonaTune.Engine.Models;

namespace PersonaTune.Device.Personalization;

/// <summary>
/// Scores messages under a model with any adapters, with f32 activations as in training. Thread-safe: every call has its own session.
/// </summary>
public sealed class MessageScorer
{
    private static readonly SessionOptions Exact = new() { Activations = ActivationPrecision.Exact };

    private readonly DecoderModel _model;
    private readonly WorkerPool _pool;

    /// <summary>Creates a scorer.</summary>
    public MessageScorer(DecoderModel model, WorkerPool pool)
    {
        ArgumentNullException.ThrowIfNull(model);
        ArgumentNullException.ThrowIfNull(pool);
        (_model, _pool) = (model, pool);
    }

    /// <summary>One score a message, in order. Cancellation is seen between messages.</summary>
    /// <exception cref="Engine.Lora.AdapterMismatchException">The adapters do not fit the model.</exception>
    /// <exception cref="ContextLimitException">A piece is longer than the model's context.</exception>
    public IReadOnlyList<MessageScore> Score(AdapterStack adapters, IReadOnlyList<EncodedMessage> messages, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(messages);
        using var session = new DecoderSession(_model, _pool, Exact, adapters);
        var scores = new MessageScore[messages.Count];
        var logProbabilities = Array.Empty<float>();
        for (var i = 0; i < scores.Length; i++)
        {
            cancellationToken.ThrowIfCancellationRequested();
            var tokens = 0;
            var nll = 0.0;
            foreach (var piece in messages[i].Pieces)
            {
                if (logProbabilities.Length < piece.Ids.Length) logProbabilities = new float[piece.Ids.Length];
                session.Reset();
                session.LogProbabilities(piece.Ids, logProbabilities.AsSpan(0, piece.Ids.Length));
                for (var t = piece.FirstTarget; t < piece.Ids.Length; t++) nll -= logProbabilities[t];
                tokens += piece.Ids.Length - piece.FirstTarget;
            }
            scores[i] = new MessageScore(messages[i].Words, tokens, nll);
        }
        return scores;
    }
}
