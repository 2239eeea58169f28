using System.Runtime.InteropServices;
using PersonaTune.Engine.Kernels;
using PersonaTune.Engine.Lora;
using PersonaTune.Engine.Models;

namespace PersonaTune.Engine.Inference;

/// <summary>
/// Log-probabilities of many sequences under one model and its adapters. Short sequences go through the blocks together, so that every
/// weight is read once for all of them; each attends to itself alone. A sequence's figures do not depend on what it is scored beside.
/// Buffers are kept between calls. Not thread-safe.
/// </summary>
public sealed class BatchScorer
{
    private const int MaxRows = 256;
    private const int HeadRows = 32;
    private readonly DecoderModel _model;
    private readonly WorkerPool _pool;
    private readonly AdapterStack _adapters;
    private readonly ForwardPass _pass;
    private readonly List<KvCache> _caches = [];
    private readonly List<SequenceRows> _rows = [];
    private readonly List<int> _ids = [];
    private readonly List<Target> _targets = []; // one a row
    private readonly float[] _logits;

    /// <summary>Creates a scorer; null adapters score the plain base.</summary>
    /// <exception cref="AdapterMismatchException">The adapters do not fit the model.</exception>
    public BatchScorer(DecoderModel model, WorkerPool pool, AdapterStack? adapters = null,
        ActivationPrecision activations = ActivationPrecision.Exact)
    {
        ArgumentNullException.ThrowIfNull(model);
        ArgumentNullException.ThrowIfNull(pool);
        (_model, _pool, _adapters) = (model, pool, adapters ?? AdapterStack.Empty);
        _adapters.Validate(model);
        _pass = new ForwardPass(model.Config);
        _pass.Attach(model, pool, activations);
        _logits = new float[HeadRows * model.Config.VocabularySize];
    }

    /// <summary>
    /// For each sequence the natural logarithm of each token's probability given those before it, (tokens). The first token has no context
    /// and gets NaN.
    /// </summary>
    /// <exception cref="ArgumentException">An empty sequence, or an id outside the vocabulary.</exception>
    /// <exception cref="ContextLimitException">A sequence is longer than the model's context.</exception>
    /// <exception cref="OperationCanceledException">Cancelled, between two batches.</exception>
    public IReadOnlyList<float[]> LogProbabilities(IReadOnlyList<int[]> sequences, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(sequences);
        foreach (var ids in sequences) Check(ids);
        var scores = new float[sequences.Count][];
        for (var i = 0; i < scores.Length; i++)
        {
            scores[i] = new float[sequences[i].Length];
            scores[i][0] = float.NaN;
        }

        for (var next = 0; next < scores.Length;)
        {
            cancellationToken.ThrowIfCancellationRequested();
            Begin(forget: true);
            do Add(sequences[next], 0, Math.Min(MaxRows, sequences[next].Length), scores[next]);
            while (++next < scores.Length && _ids.Count + sequences[next].Length <= MaxRows);
            Run();
            // Only a sequence that is alone in its batch can be longer than it.
            for (var done = MaxRows; done < sequences[next - 1].Length; done += MaxRows)
            {
                cancellationToken.ThrowIfCancellationRequested();
                Begin(forget: false);
                Add(sequences[next - 1], done, Math.Min(MaxRows, sequences[next - 1].Length - done), scores[next - 1]);
                Run();
            }
        }

        Begin(forget: true);
        return scores;
    }

    private void Check(int[] ids)
    {
        if (ids.Length == 0) throw new ArgumentException("a sequence needs at least one token", nameof(ids));
        foreach (var id in ids)
            if ((uint)id >= (uint)_model.Config.VocabularySize)
                throw new ArgumentOutOfRangeException(nameof(ids), id, $"token ids run from 0 to {_model.Config.VocabularySize - 1}");
        if (ids.Length > _model.Config.ContextLength) throw new ContextLimitException(0, ids.Length, _model.Config.ContextLength);
    }

    private void Begin(bool forget)
    {
        if (forget)
            foreach (var cache in _caches) cache.Truncate(0);
        _rows.Clear();
        _ids.Clear();
        _targets.Clear();
    }

    private void Add(int[] ids, int start, int count, float[] scores)
    {
        if (_rows.Count == _caches.Count) _caches.Add(new KvCache(_model.Config));
        _rows.Add(new SequenceRows(_caches[_rows.Count], _adapters, _ids.Count, count));
        _ids.AddRange(ids.AsSpan(start, count));
        for (var i = start + 1; i <= start + count; i++)
            _targets.Add(i < ids.Length ? new Target(scores, i, ids[i]) : default);
    }

    private unsafe void Run()
    {
        var rows = CollectionsMarshal.AsSpan(_rows);
        _pass.Blocks(CollectionsMarshal.AsSpan(_ids), rows);
        var vocabulary = _model.Config.VocabularySize;
        fixed (float* logits = _logits)
        {
            for (var first = 0; first < _ids.Count; first += HeadRows)
            {
                var count = Math.Min(HeadRows, _ids.Count - first);
                _pass.Head(first, count, rows, _logits.AsSpan(0, count * vocabulary));
                _pool.Run((Targets: _targets, First: first, Logits: (nint)logits, Vocabulary: vocabulary), count, static (job, row, _) =>
                {
                    var (scores, at, id) = job.Targets[job.First + row];
                    if (scores is null) return;
                    var values = new Span<float>((float*)job.Logits + (long)row * job.Vocabulary, job.Vocabulary);
                    var logit = values[id];
                    scores[at] = logit - Softmax.Forward(values); // which overwrites the row: it is scratch
                });
            }
        }
    }

    /// <summary>Where the log-probability of the token that a row predicts goes; no scores where it predicts none.</summary>
    private readonly record struct Target(float[]? Scores, int At, int Id);
}
