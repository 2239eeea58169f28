using PersonaTune.Engine.Kernels;
using PersonaTune.Engine.Lora;

namespace PersonaTune.Engine.Vision.Transformer;

/// <summary>One block's forward and backward, side by side. n = rows = tokens of all pictures.</summary>
internal sealed unsafe partial class VisionTransformerPass
{
    // x += Wo attention(norm(x)); x += Wd gelu(Wu norm(x)), each linear layer with bias and LoRA.
    private void ForwardBlock(int index, VisionActivations a)
    {
        var (block, count) = (_model.Blocks[index], Rows * Dim);
        Copy(_stream, a.Input, count);
        Normalize(a.Input, block.AttentionNorm, a.Normed1, a.Statistics);
        Linear(index, LoraTarget.Query, block.Query, a.Normed1, a.Query, a);
        Linear(index, LoraTarget.Key, block.Key, a.Normed1, a.Key, a);
        Linear(index, LoraTarget.Value, block.Value, a.Normed1, a.Value, a);
        _now = a;
        _pool.Run(this, _pool.Threads, static (pass, part, parts) => pass.AttendForward(part, parts));
        Linear(index, LoraTarget.Output, block.Output, a.Mixed, a.Middle, a);
        Elementwise.Add(new ReadOnlySpan<float>(a.Input, count), new Span<float>(a.Middle, count));
        Normalize(a.Middle, block.FeedForwardNorm, a.Normed2, a.Statistics + 2L * Rows);
        Linear(index, LoraTarget.Up, block.Up, a.Normed2, a.Up, a);
        _pool.Run(this, _pool.Threads, static (pass, part, parts) => pass.Activate(part, parts));
        Linear(index, LoraTarget.Down, block.Down, a.Activated, _stream, a);
        Elementwise.Add(new ReadOnlySpan<float>(a.Middle, count), new Span<float>(_stream, count));
    }

    // dStream holds the gradient after the block and, where a block below needs it, that before it.
    private void BackwardBlock(int index, VisionActivations a, bool inputNeeded)
    {
        var block = _model.Blocks[index];
        _now = a;
        LinearBackward(index, LoraTarget.Down, block.Down, a.Activated, _dStream, _dWide, a, accumulate: false);
        _pool.Run(this, _pool.Threads, static (pass, part, parts) => pass.ActivateBackward(part, parts));
        LinearBackward(index, LoraTarget.Up, block.Up, a.Normed2, _dWide, _dNarrow, a, accumulate: false);
        NormalizeBackward(a.Middle, block.FeedForwardNorm, a.Statistics + 2L * Rows, _dNarrow, _dStream);

        LinearBackward(index, LoraTarget.Output, block.Output, a.Mixed, _dStream, _dNarrow, a, accumulate: false);
        _pool.Run(this, _pool.Threads, static (pass, part, parts) => pass.AttendBackward(part, parts));
        LinearBackward(index, LoraTarget.Query, block.Query, a.Normed1, _dQuery, inputNeeded ? _dNarrow : null, a, accumulate: false);
        LinearBackward(index, LoraTarget.Key, block.Key, a.Normed1, _dKey, inputNeeded ? _dNarrow : null, a, accumulate: true);
        LinearBackward(index, LoraTarget.Value, block.Value, a.Normed1, _dValue, inputNeeded ? _dNarrow : null, a, accumulate: true);
        if (inputNeeded) NormalizeBackward(a.Input, block.AttentionNorm, a.Statistics, _dNarrow, _dStream);
    }

    public override void Backward(ReadOnlySpan<float> gradients, int pictures)
    {
        if (!_training) throw new InvalidOperationException("the pass was created without gradients");
        _pictures = pictures;
        new Span<float>(_dStream, Rows * Dim).Clear();
        var tokens = _config.ClassTokens;
        var gradient = new float[Dim];
        for (var p = 0; p < pictures; p++)
        {
            gradients.Slice(p * Dim, Dim).CopyTo(gradient);
            Elementwise.Scale(gradient, 1f / tokens);
            for (var t = 0; t < tokens; t++)
            {
                var row = ((long)p * _config.Tokens + t) * Dim;
                var x = new ReadOnlySpan<float>(_stream + row, Dim);
                var (mean, reciprocal) = LayerNorm.Forward(x, _model.Norm.Gain, _model.Norm.Shift, new Span<float>(_final + ((long)p * tokens + t) * Dim, Dim), _config.NormEpsilon);
                LayerNorm.Backward(x, mean, reciprocal, _model.Norm.Gain, gradient, new Span<float>(_dStream + row, Dim));
            }
        }

        for (var i = _config.BlockCount - 1; i >= _cut; i--) BackwardBlock(i, _saved[i - _cut], i > _cut);
    }

    private void Linear(int index, LoraTarget target, VisionLinear layer, float* x, float* y, VisionActivations a)
    {
        var (rows, outputs) = (Rows, layer.Weights.Rows);
        MatMul.Forward(_pool, new ReadOnlySpan<float>(x, rows * layer.Weights.Columns), layer.Weights, new Span<float>(y, rows * outputs), rows);
        for (var r = 0; r < rows; r++) Elementwise.Add(layer.Bias, new Span<float>(y + (long)r * outputs, outputs));
        if (_parameters[index, target] is { } entry) _lora.Forward(entry, x, y, a.Projection(target), rows);
    }

    private void LinearBackward(int index, LoraTarget target, VisionLinear layer, float* x, float* dy, float* dx, VisionActivations a, bool accumulate)
    {
        var rows = Rows;
        var entry = _parameters[index, target];
        if (entry is not null) _lora.ParameterGradients(entry, x, dy, a.Projection(target), rows);
        if (dx is null) return;
        MatMul.BackwardInput(_pool, new ReadOnlySpan<float>(dy, rows * layer.Weights.Rows), layer.Weights, new Span<float>(dx, rows * layer.Weights.Columns), rows, accumulate);
        if (entry is not null) _lora.InputGradient(entry, dx, rows);
    }

    private void Normalize(float* x, VisionNorm norm, float* y, float* statistics)
    {
        for (var r = 0; r < Rows; r++)
            (statistics[2 * r], statistics[2 * r + 1]) = LayerNorm.Forward(new ReadOnlySpan<float>(x + (long)r * Dim, Dim), norm.Gain, norm.Shift,
                new Span<float>(y + (long)r * Dim, Dim), _config.NormEpsilon);
    }

    private void NormalizeBackward(float* x, VisionNorm norm, float* statistics, float* dy, float* dx)
    {
        for (var r = 0; r < Rows; r++)
            LayerNorm.Backward(new ReadOnlySpan<float>(x + (long)r * Dim, Dim), statistics[2 * r], statistics[2 * r + 1], norm.Gain,
                new ReadOnlySpan<float>(dy + (long)r * Dim, Dim), new Span<float>(dx + (long)r * Dim, Dim));
    }

    private void Activate(int part, int parts)
    {
        var (first, count) = Gemm.Share(Rows * _config.FeedForwardLength, 64, part, parts);
        if (count > 0) Gelu.Forward(new ReadOnlySpan<float>(_now.Up + first, count), new Span<float>(_now.Activated + first, count));
    }

    private void ActivateBackward(int part, int parts)
    {
        var (first, count) = Gemm.Share(Rows * _config.FeedForwardLength, 64, part, parts);
        if (count > 0) Gelu.BackwardInPlace(new ReadOnlySpan<float>(_now.Up + first, count), new Span<float>(_dWide + first, count));
    }

    private void AttendForward(int part, int parts)
    {
        var (first, count) = Gemm.Share(_pictures * _config.HeadCount, 1, part, parts);
        for (var i = first; i < first + count; i++)
        {
            var at = Head(i);
            FullAttention.Forward(_now.Query + at, _now.Key + at, _now.Value + at, _now.Mixed + at, Dim, _config.Tokens, _config.HeadLength,
                1f / MathF.Sqrt(_config.HeadLength), _scratch + part * _scratchLength);
        }
    }

    private void AttendBackward(int part, int parts)
    {
        var (first, count) = Gemm.Share(_pictures * _config.HeadCount, 1, part, parts);
        for (var i = first; i < first + count; i++)
        {
            var at = Head(i);
            FullAttention.Backward(_now.Query + at, _now.Key + at, _now.Value + at, _dNarrow + at, _dQuery + at, _dKey + at, _dValue + at, Dim, _config.Tokens,
                _config.HeadLength, 1f / MathF.Sqrt(_config.HeadLength), _scratch + part * _scratchLength);
        }
    }

    // Where head i of all pictures' heads begins in a (rows, dim) matrix.
    private long Head(int i)
    {
        var (picture, head) = Math.DivRem(i, _config.HeadCount);
        return (long)picture * _config.Tokens * Dim + (long)head * _config.HeadLength;
    }

    private static void Copy(float* source, float* target, int count) => new ReadOnlySpan<float>(source, count).CopyTo(new Span<float>(target, count));
}
