using System.Diagnostics;
using PersonaTune.Engine.Kernels;
using PersonaTune.Engine.Lora;
using PersonaTune.Engine.Tensors;

namespace PersonaTune.Engine.Layers;

internal sealed unsafe partial class DecoderPass
{
    // _dStream is the gradient of the block's output on entry and of its input on return; at the lowest adapted block it ends unfinished,
    // because nothing below needs it.
    private void BackwardBlock(int block)
    {
        var a = ActivationsOf(block);
        if (_activations[block] is null) ForwardBlock(block, a, null);
        var below = block > _adapter.LowestBlock;
        var belowOutput = below || Adapted(block, LoraTarget.Query) || Adapted(block, LoraTarget.Key) || Adapted(block, LoraTarget.Value);
        var belowMiddle = belowOutput || Adapted(block, LoraTarget.Output);
        FeedForwardBackward(block, a, belowMiddle);
        if (belowMiddle) AttentionBackward(block, a, belowOutput, below);
    }

    private bool Adapted(int block, LoraTarget target) => _adapter[block, target] is not null;

    private void FeedForwardBackward(int block, BlockActivations a, bool below)
    {
        var weights = _model.Blocks[block];
        bool gate = Adapted(block, LoraTarget.Gate), up = Adapted(block, LoraTarget.Up);
        if (Adapted(block, LoraTarget.Down)) Activate(a);
        ParameterGradients(block, LoraTarget.Down, _wide, _dStream, a);
        if (!below && !gate && !up) return;
        InputGradient(block, LoraTarget.Down, _dStream, weights.Down, _wide, false);
        ActivateBackward(a);
        if (gate || up) Norm(a.Middle, weights.FeedForwardNorm);
        ParameterGradients(block, LoraTarget.Gate, _normed, a.Gate, a);
        if (below) InputGradient(block, LoraTarget.Gate, a.Gate, weights.Gate, _dNormed, false);
        ParameterGradients(block, LoraTarget.Up, _normed, a.Up, a);
        if (!below) return;
        InputGradient(block, LoraTarget.Up, a.Up, weights.Up, _dNormed, true);
        NormBackward(a.Middle, weights.FeedForwardNorm);
    }

    private void AttentionBackward(int block, BlockActivations a, bool belowOutput, bool below)
    {
        var weights = _model.Blocks[block];
        ParameterGradients(block, LoraTarget.Output, a.Attention, _dStream, a);
        if (!belowOutput) return;
        InputGradient(block, LoraTarget.Output, _dStream, weights.Output, _wide, false);

        var started = Stopwatch.GetTimestamp();
        _current = a;
        _nextItem = 0;
        _pool.Run(this, _pool.Threads, static (pass, part, _) => pass.AttentionBackwardItems(part));
        Count(PassPhase.Attention, started);
        started = Stopwatch.GetTimestamp();
        _pool.Run(this, _pool.Threads, static (pass, part, parts) => pass.Rotate(part, parts, backward: true));
        Count(PassPhase.Elementwise, started);

        Norm(_stream[block], weights.AttentionNorm);
        ParameterGradients(block, LoraTarget.Query, _normed, a.Query, a);
        if (below) InputGradient(block, LoraTarget.Query, a.Query, weights.Query, _dNormed, false);
        ParameterGradients(block, LoraTarget.Key, _normed, a.Key, a);
        if (below) InputGradient(block, LoraTarget.Key, a.Key, weights.Key, _dNormed, true);
        ParameterGradients(block, LoraTarget.Value, _normed, a.Value, a);
        if (!below) return;
        InputGradient(block, LoraTarget.Value, a.Value, weights.Value, _dNormed, true);
        NormBackward(_stream[block], weights.AttentionNorm);
    }

    // One item is one key/value head of one sequence with all query heads that share it.
    private void AttentionBackwardItems(int part)
    {
        var (heads, headLength) = (_config.KeyValueHeadCount, _config.HeadLength);
        var group = _config.HeadCount / heads;
        var (queryLength, keyLength) = (_config.QueryLength, _config.KeyValueLength);
        for (var item = Interlocked.Increment(ref _nextItem) - 1; item < heads * _batch.SequenceCount; item = Interlocked.Increment(ref _nextItem) - 1)
        {
            var (sequence, head) = (item / heads, item % heads);
            var first = _batch.Start(sequence);
            var keys = (long)first * keyLength + head * headLength;
            var queries = (long)first * queryLength + head * group * headLength;
            CausalAttention.Backward(_current.Query + queries, queryLength, _current.Key + keys, _current.Value + keys, keyLength,
                _current.Attention + queries, _wide + queries, _current.LogSumExp + (long)head * group * Shape.Tokens + first, Shape.Tokens,
                group, _batch.Length(sequence), headLength, 1f / MathF.Sqrt(headLength), _scratch + part * _scratchStride);
        }
    }

    private void ParameterGradients(int block, LoraTarget target, float* x, float* dy, BlockActivations a)
    {
        if (_adapter[block, target] is not { } entry) return;
        var started = Stopwatch.GetTimestamp();
        _lora.ParameterGradients(entry, x, dy, a.Low(target), _batch.TokenCount);
        Count(PassPhase.Lora, started);
    }

    // Directly after ParameterGradients of the same target, whose u the pair's part reuses.
    private void InputGradient(int block, LoraTarget target, float* dy, in WeightMatrix w, float* dx, bool accumulate)
    {
        var started = Stopwatch.GetTimestamp();
        ProductBackward(dy, w, dx, accumulate);
        Count(PassPhase.Products, started);
        started = Stopwatch.GetTimestamp();
        if (_adapter[block, target] is { } entry) _lora.InputGradient(entry, dx, _batch.TokenCount);
        if (_beneath?[block, target] is { } frozen) _beneathLora!.FrozenInputGradient(frozen, dy, dx, _batch.TokenCount);
        Count(PassPhase.Lora, started);
    }

    // gate and up become their gradients for _wide.
    private void ActivateBackward(BlockActivations a)
    {
        var started = Stopwatch.GetTimestamp();
        _current = a;
        _pool.Run(this, _pool.Threads, static (pass, part, parts) =>
        {
            var width = pass._config.FeedForwardLength;
            var (first, count) = Rows(part, parts, pass._batch.TokenCount);
            var (at, length) = ((long)first * width, count * width);
            SwiGlu.BackwardInPlace(new ReadOnlySpan<float>(pass._wide + at, length), new Span<float>(pass._current.Gate + at, length),
                new Span<float>(pass._current.Up + at, length));
        });
        Count(PassPhase.Elementwise, started);
    }

    // _dStream += the gradient of norm(x) for _dNormed
    private void NormBackward(float* x, float[] weight)
    {
        var started = Stopwatch.GetTimestamp();
        _sectionX = x;
        _sectionWeight = weight;
        _pool.Run(this, _pool.Threads, static (pass, part, parts) =>
        {
            var dim = pass._config.EmbeddingLength;
            var (first, count) = Rows(part, parts, pass._batch.TokenCount);
            var (at, length) = ((long)first * dim, count * dim);
            RmsNorm.Backward(new ReadOnlySpan<float>(pass._sectionX + at, length), pass._sectionWeight, new ReadOnlySpan<float>(pass._dNormed + at, length),
                new Span<float>(pass._dStream + at, length), count, pass._config.NormEpsilon);
        });
        Count(PassPhase.Elementwise, started);
    }

    // Rows without a target get no gradient from the head: only target rows are computed and put in their places.
    private void HeadNormBackward(MicroBatch batch)
    {
        var dim = _config.EmbeddingLength;
        var rows = batch.TargetRows;
        for (var i = 0; i < rows.Length; i++)
            RmsNorm.Backward(new ReadOnlySpan<float>(_stream[_config.BlockCount] + (long)rows[i] * dim, dim), _model.OutputNorm,
                new ReadOnlySpan<float>(_dNormed + (long)i * dim, dim), new Span<float>(_dStream + (long)rows[i] * dim, dim), 1, _config.NormEpsilon);
    }
}
