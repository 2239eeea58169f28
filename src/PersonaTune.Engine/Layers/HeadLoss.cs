using PersonaTune.Engine.Kernels;
using PersonaTune.Engine.Lora;
using PersonaTune.Engine.Models;
using PersonaTune.Engine.Quantization;

namespace PersonaTune.Engine.Layers;

/// <summary>
/// Cross-entropy through the vocabulary head, for target rows only, a chunk of the vocabulary at a time: no row of logits is ever whole.
/// Without a pair on the head, loss and input gradient come from one sweep, as in flash attention: with W_c the chunk's rows, every row keeps
/// sum(exp(l - max)) and sum(exp(l - max) W_c), rescaled when its maximum grows. With a pair, a second sweep recomputes the logits, because
/// the gradient of B needs the finished probabilities.
/// </summary>
internal sealed unsafe class HeadLoss
{
    private readonly DecoderModel _model;
    private readonly WorkerPool _pool;
    private readonly HeadPair[] _pairs;
    private readonly QuantizedActivations? _rounded;
    private readonly int _chunk;
    private readonly float* _logits;     // (targets, chunk)
    private readonly float* _max;        // (targets)
    private readonly float* _sum;        // (targets)
    private readonly float* _target;     // (targets): the target's logit

    // The sweep in progress, for static section bodies.
    private MicroBatch _batch = null!;
    private float* _hidden;
    private float* _gradient;
    private int _chunkFirst;
    private int _chunkRows;
    private float _weight;

    /// <summary>Takes the buffers; each adapter comes with the layer that computes its pairs.</summary>
    public HeadLoss(DecoderModel model, ReadOnlySpan<(AdapterParameters Adapter, LoraLayer Lora)> adapters, PassShape shape, WorkerPool pool, Arena arena,
        QuantizedActivations? rounded)
    {
        (_model, _pool, _rounded) = (model, pool, rounded);
        _chunk = Math.Min(model.Config.VocabularySize, ChunkRows);
        _logits = arena.Take((long)shape.Tokens * _chunk);
        _max = arena.Take(shape.Tokens);
        _sum = arena.Take(shape.Tokens);
        _target = arena.Take(shape.Tokens);
        var pairs = new List<HeadPair>();
        foreach (var (adapter, lora) in adapters)
            if (adapter[0, LoraTarget.Head] is { } entry) pairs.Add(new HeadPair(entry, lora, shape.Tokens, _chunk, arena));
        _pairs = [.. pairs];
    }

    /// <summary>Rows of the vocabulary computed at once.</summary>
    /// <remarks>
    /// As deep as a product's block, so that the gradient is read and written once a chunk. Not a power of two, so that equal columns of
    /// neighbouring rows do not share a cache set.
    /// </remarks>
    internal static int ChunkRows => 352;

    /// <summary>Sum of the negative log-likelihoods; packs the target rows of <paramref name="hidden"/> to its front.</summary>
    public double Loss(MicroBatch batch, float* hidden, float* unused)
    {
        Begin(batch, hidden, null, 0f);
        if (batch.TargetCount == 0) return 0;
        foreach (var pair in _pairs) pair.Project(hidden, batch.TargetCount);
        Sweep();
        return Total();
    }

    /// <summary>
    /// As <see cref="Loss"/>; adds weight x the gradients of a pair on the head and writes weight x the gradient of the packed target rows of
    /// <paramref name="hidden"/> to <paramref name="gradient"/>.
    /// </summary>
    public double LossAndGradient(MicroBatch batch, float* hidden, float* gradient, float weight, bool needInputGradient)
    {
        if (batch.TargetCount == 0) return 0;
        Begin(batch, hidden, _pairs.Length == 0 && needInputGradient ? gradient : null, weight);
        var dim = _model.Config.EmbeddingLength;
        if (_gradient is not null) new Span<float>(gradient, batch.TargetCount * dim).Clear();
        foreach (var pair in _pairs) pair.Project(hidden, batch.TargetCount);
        Sweep();
        if (_gradient is not null)
            _pool.Run(this, _pool.Threads, static (head, part, parts) => head.FinishGradient(part, parts));
        if (_pairs.Length > 0) SecondSweep(gradient, needInputGradient);
        return Total();
    }

    private static (int First, int Count) Rows(int part, int parts, int total)
    {
        var first = (int)((long)total * part / parts);
        return (first, (int)((long)total * (part + 1) / parts) - first);
    }

    private void Begin(MicroBatch batch, float* hidden, float* gradient, float weight)
    {
        (_batch, _weight) = (batch, weight);
        _hidden = hidden;
        _gradient = gradient;
        var dim = _model.Config.EmbeddingLength;
        var rows = batch.TargetRows;
        for (var i = 0; i < rows.Length; i++)
        {
            _max[i] = float.NegativeInfinity;
            _sum[i] = 0f;
            if (rows[i] != i) new ReadOnlySpan<float>(hidden + (long)rows[i] * dim, dim).CopyTo(new Span<float>(hidden + (long)i * dim, dim));
        }
    }

    private double Total()
    {
        var total = 0.0;
        for (var i = 0; i < _batch.TargetCount; i++) total += (double)_max[i] + Math.Log(_sum[i]) - _target[i];
        return total;
    }

    private void Sweep()
    {
        if (_pairs.Length == 0 && _rounded is null)
        {
            // Rows are independent: each thread sweeps its own through the whole vocabulary, without meeting the others at every chunk.
            _pool.Run(this, _pool.Threads, static (loss, part, parts) => loss.SweepRows(part, parts));
            return;
        }

        var (head, dim, rows) = (_model.Head, _model.Config.EmbeddingLength, _batch.TargetCount);
        for (_chunkFirst = 0; _chunkFirst < head.Rows; _chunkFirst += _chunk)
        {
            Logits();
            _pool.Run(this, _pool.Threads, static (loss, part, parts) =>
            {
                var (first, count) = Rows(part, parts, loss._batch.TargetCount);
                loss.Accumulate(first, count, loss._logits + (long)first * loss._chunkRows, loss._chunkFirst, loss._chunkRows);
            });
            if (_gradient is not null)
                MatMul.BackwardInput(_pool, new ReadOnlySpan<float>(_logits, rows * _chunkRows), head.Slice(_chunkFirst, _chunkRows),
                    new Span<float>(_gradient, rows * dim), rows, accumulate: true);
        }
    }

    private void Logits()
    {
        var (head, dim, rows) = (_model.Head, _model.Config.EmbeddingLength, _batch.TargetCount);
        _chunkRows = Math.Min(_chunk, head.Rows - _chunkFirst);
        var hidden = new ReadOnlySpan<float>(_hidden, rows * dim);
        var logits = new Span<float>(_logits, rows * _chunkRows);
        if (_rounded is null)
        {
            MatMul.Forward(_pool, hidden, head.Slice(_chunkFirst, _chunkRows), logits, rows);
        }
        else
        {
            if (_chunkFirst == 0) _rounded.Quantize(_pool, hidden, rows, dim);
            MatMul.ForwardInt8(_pool, hidden, _rounded, head.Slice(_chunkFirst, _chunkRows), logits);
        }

        foreach (var pair in _pairs) pair.AddLogits(_logits, rows, _chunkFirst, _chunkRows);
    }

    private void SweepRows(int part, int parts)
    {
        var (head, dim) = (_model.Head, _model.Config.EmbeddingLength);
        var (first, count) = Rows(part, parts, _batch.TargetCount);
        if (count == 0) return;
        var own = _logits + (long)first * _chunk; // (count, chunk)
        var hidden = new ReadOnlySpan<float>(_hidden + (long)first * dim, count * dim);
        for (var chunkFirst = 0; chunkFirst < head.Rows; chunkFirst += _chunk)
        {
            var chunkRows = Math.Min(_chunk, head.Rows - chunkFirst);
            var weights = head.Slice(chunkFirst, chunkRows);
            MatMul.ForwardOn(null, hidden, weights, new Span<float>(own, count * chunkRows), count, accumulate: false);
            Accumulate(first, count, own, chunkFirst, chunkRows);
            if (_gradient is not null)
                MatMul.BackwardInputOn(null, new ReadOnlySpan<float>(own, count * chunkRows), weights,
                    new Span<float>(_gradient + (long)first * dim, count * dim), count, accumulate: true);
        }
    }

    private void Accumulate(int first, int count, float* logits, int chunkFirst, int chunkRows)
    {
        var dim = _model.Config.EmbeddingLength;
        for (var i = first; i < first + count; i++)
        {
            var row = new Span<float>(logits + (long)(i - first) * chunkRows, chunkRows);
            var target = _batch.TargetIds[i] - chunkFirst;
            if ((uint)target < (uint)chunkRows) _target[i] = row[target];
            var factor = OnlineSoftmax.Accumulate(row, ref _max[i], ref _sum[i]);
            if (factor != 1f && _gradient is not null) Elementwise.Scale(new Span<float>(_gradient + (long)i * dim, dim), factor);
        }
    }

    // sum(exp(l - max) W) becomes weight (softmax W - W of the target).
    private void FinishGradient(int part, int parts)
    {
        var (head, dim) = (_model.Head, _model.Config.EmbeddingLength);
        var (first, count) = Rows(part, parts, _batch.TargetCount);
        for (var i = first; i < first + count; i++)
        {
            var row = new Span<float>(_gradient + (long)i * dim, dim);
            Elementwise.Scale(row, _weight / _sum[i]);
            // The hidden row is not needed any more: the target's weights are decoded over it.
            var target = new Span<float>(_hidden + (long)i * dim, dim);
            BlockCodec.Decode(head.Type, head.RowsBytes(_batch.TargetIds[i], 1), target);
            Elementwise.AddScaled(target, -_weight, row);
        }
    }

    private void SecondSweep(float* gradient, bool needInputGradient)
    {
        var (head, dim, rows) = (_model.Head, _model.Config.EmbeddingLength, _batch.TargetCount);
        foreach (var pair in _pairs) pair.BeginGradients(rows);
        if (needInputGradient) new Span<float>(gradient, rows * dim).Clear();
        for (_chunkFirst = 0; _chunkFirst < head.Rows; _chunkFirst += _chunk)
        {
            Logits();
            _pool.Run(this, _pool.Threads, static (loss, part, parts) => loss.Slopes(part, parts));
            if (needInputGradient)
                MatMul.BackwardInput(_pool, new ReadOnlySpan<float>(_logits, rows * _chunkRows), head.Slice(_chunkFirst, _chunkRows),
                    new Span<float>(gradient, rows * dim), rows, accumulate: true);
            foreach (var pair in _pairs) pair.AddGradients(_logits, rows, _chunkFirst, _chunkRows);
        }

        foreach (var pair in _pairs) pair.FinishGradients(_hidden, needInputGradient ? gradient : null, rows);
    }

    private void Slopes(int part, int parts)
    {
        var (first, count) = Rows(part, parts, _batch.TargetCount);
        for (var i = first; i < first + count; i++)
        {
            var row = new Span<float>(_logits + (long)i * _chunkRows, _chunkRows);
            OnlineSoftmax.Probabilities(row, _max[i] + MathF.Log(_sum[i]), _weight);
            var target = _batch.TargetIds[i] - _chunkFirst;
            if ((uint)target < (uint)_chunkRows) row[target] -= _weight;
        }
    }
}
