using System.Diagnostics;
using PersonaTune.Engine.Kernels;
using PersonaTune.Engine.Lora;

namespace PersonaTune.Engine.Layers;

internal sealed unsafe partial class DecoderPass
{
    // Leaves the normed output of the last block in _normed.
    private void Forward(MicroBatch batch, bool training)
    {
        _batch = batch;
        var started = Stopwatch.GetTimestamp();
        EmbeddingRows.Gather(_model.TokenEmbedding, batch.Tokens, new Span<float>(_stream[0], batch.TokenCount * _config.EmbeddingLength));
        Count(PassPhase.Elementwise, started);
        for (var l = 0; l < _config.BlockCount; l++)
            ForwardBlock(l, training ? ActivationsOf(l) : _shared, _stream[l + 1]);
        Norm(_stream[_config.BlockCount], _model.OutputNorm);
    }

    // x + attention(norm(x)) = middle; middle + feedForward(norm(middle)) = output. A null output stops where the backward pass has all it needs.
    private void ForwardBlock(int block, BlockActivations a, float* output)
    {
        var weights = _model.Blocks[block];
        var x = _stream[block];
        Norm(x, weights.AttentionNorm);
        Linear(block, LoraTarget.Query, _normed, weights.Query, a.Query, a);
        Linear(block, LoraTarget.Key, _normed, weights.Key, a.Key, a, sameInput: true);
        Linear(block, LoraTarget.Value, _normed, weights.Value, a.Value, a, sameInput: true);
        AttentionForward(a);
        Copy(x, a.Middle);
        Linear(block, LoraTarget.Output, a.Attention, weights.Output, a.Middle, a, accumulate: true);

        Norm(a.Middle, weights.FeedForwardNorm);
        Linear(block, LoraTarget.Gate, _normed, weights.Gate, a.Gate, a);
        Linear(block, LoraTarget.Up, _normed, weights.Up, a.Up, a, sameInput: true);
        if (output is null && !Adapted(block, LoraTarget.Down)) return;
        Activate(a);
        if (output is null)
        {
            _lora.Project(_adapter[block, LoraTarget.Down]!, _wide, a.Low(LoraTarget.Down), _batch.TokenCount);
            return;
        }

        Copy(a.Middle, output);
        Linear(block, LoraTarget.Down, _wide, weights.Down, output, a, accumulate: true);
    }

    private void AttentionForward(BlockActivations a)
    {
        var started = Stopwatch.GetTimestamp();
        _current = a;
        _pool.Run(this, _pool.Threads, static (pass, part, parts) => pass.Rotate(part, parts, backward: false));
        Count(PassPhase.Elementwise, started);
        started = Stopwatch.GetTimestamp();
        _nextItem = 0;
        _pool.Run(this, _pool.Threads, static (pass, part, _) => pass.AttentionForwardItems(part));
        Count(PassPhase.Attention, started);
    }

    // One item is one query head of one sequence; threads take the next free one, and its result does not depend on who took it.
    private void AttentionForwardItems(int part)
    {
        var (heads, headLength) = (_config.HeadCount, _config.HeadLength);
        var group = heads / _config.KeyValueHeadCount;
        var (queryLength, keyLength) = (_config.QueryLength, _config.KeyValueLength);
        for (var item = Interlocked.Increment(ref _nextItem) - 1; item < heads * _batch.SequenceCount; item = Interlocked.Increment(ref _nextItem) - 1)
        {
            var (sequence, head) = (item / heads, item % heads);
            var first = _batch.Start(sequence);
            var keys = (long)first * keyLength + head / group * headLength;
            var queries = (long)first * queryLength + head * headLength;
            CausalAttention.Forward(_current.Query + queries, queryLength, _current.Key + keys, _current.Value + keys, keyLength,
                _current.Attention + queries, _current.LogSumExp + (long)head * Shape.Tokens + first, _batch.Length(sequence), headLength,
                1f / MathF.Sqrt(headLength), _scratch + part * _scratchStride);
        }
    }

    private void Rotate(int part, int parts, bool backward)
    {
        var (first, count) = Rows(part, parts, _batch.TokenCount);
        for (var s = 0; s < _batch.SequenceCount; s++)
        {
            var start = _batch.Start(s);
            var (from, to) = (Math.Max(first, start), Math.Min(first + count, _batch.Start(s + 1)));
            if (from >= to) continue;
            RotateRows(_current.Query, from, to - from, _config.HeadCount, from - start, backward);
            RotateRows(_current.Key, from, to - from, _config.KeyValueHeadCount, from - start, backward);
        }
    }

    private void RotateRows(float* x, int firstRow, int rows, int heads, int position, bool backward)
    {
        var width = heads * _config.HeadLength;
        var span = new Span<float>(x + (long)firstRow * width, rows * width);
        if (backward) Rope.Backward(span, rows, heads, _config.HeadLength, position, _rope);
        else Rope.Forward(span, rows, heads, _config.HeadLength, position, _rope);
    }

    // _normed = norm(x)
    private void Norm(float* x, float[] weight)
    {
        var started = Stopwatch.GetTimestamp();
        _sectionX = x;
        _sectionWeight = weight;
        _pool.Run(this, _pool.Threads, static (pass, part, parts) =>
        {
            var dim = pass._config.EmbeddingLength;
            var (first, count) = Rows(part, parts, pass._batch.TokenCount);
            RmsNorm.Forward(new ReadOnlySpan<float>(pass._sectionX + (long)first * dim, count * dim), pass._sectionWeight,
                new Span<float>(pass._normed + (long)first * dim, count * dim), count, pass._config.NormEpsilon);
        });
        Count(PassPhase.Elementwise, started);
    }

    // _wide = silu(gate) up
    private void Activate(BlockActivations a)
    {
        var started = Stopwatch.GetTimestamp();
        _current = a;
        _pool.Run(this, _pool.Threads, static (pass, part, parts) =>
        {
            var width = pass._config.FeedForwardLength;
            var (first, count) = Rows(part, parts, pass._batch.TokenCount);
            var (at, length) = ((long)first * width, count * width);
            SwiGlu.Forward(new ReadOnlySpan<float>(pass._current.Gate + at, length), new ReadOnlySpan<float>(pass._current.Up + at, length),
                new Span<float>(pass._wide + at, length));
        });
        Count(PassPhase.Elementwise, started);
    }

    private void Copy(float* source, float* target)
    {
        var started = Stopwatch.GetTimestamp();
        _sectionX = source;
        _sectionTarget = target;
        _pool.Run(this, _pool.Threads, static (pass, part, parts) =>
        {
            var dim = pass._config.EmbeddingLength;
            var (first, count) = Rows(part, parts, pass._batch.TokenCount);
            var (at, length) = ((long)first * dim, count * dim);
            new ReadOnlySpan<float>(pass._sectionX + at, length).CopyTo(new Span<float>(pass._sectionTarget + at, length));
        });
        Count(PassPhase.Elementwise, started);
    }
}
