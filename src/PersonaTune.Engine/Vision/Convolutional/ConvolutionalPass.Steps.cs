using PersonaTune.Engine.Kernels;

namespace PersonaTune.Engine.Vision.Convolutional;

/// <summary>Each operator's forward and backward, side by side.</summary>
internal sealed unsafe partial class ConvolutionalPass
{
    private void ForwardStep(GraphOperator op)
    {
        switch (op.Kind)
        {
            case GraphOperatorKind.Convolution:
            case GraphOperatorKind.FullyConnected:
                ForwardLinear(op);
                break;
            case GraphOperatorKind.DepthwiseConvolution:
                _pool.Run(this, _pool.Threads * 4, static (pass, part, parts) => pass.ForwardDepthwise(part, parts));
                break;
            case GraphOperatorKind.AveragePool:
                ForwardPool(op);
                break;
            case GraphOperatorKind.Add:
                ForwardAdd(op);
                break;
            case GraphOperatorKind.Pad:
                Pad(op, forward: true);
                break;
            case GraphOperatorKind.Reshape:
                Values(op.Inputs[0]).CopyTo(Values(op.Output));
                break;
            default:
                throw new InvalidOperationException($"operator {_operator} ({op.Kind}) cannot be computed in real numbers");
        }
    }

    private void BackwardStep(GraphOperator op)
    {
        if (!_needed[op.Output]) return;
        switch (op.Kind)
        {
            case GraphOperatorKind.Convolution:
            case GraphOperatorKind.FullyConnected:
                BackwardLinear(op);
                break;
            case GraphOperatorKind.DepthwiseConvolution:
                if (!_needed[op.Inputs[0]]) return;
                MaskClamped(op);
                _pool.Run(this, _pool.Threads * 4, static (pass, part, parts) => pass.BackwardDepthwise(part, parts));
                break;
            case GraphOperatorKind.AveragePool:
                BackwardPool(op);
                break;
            case GraphOperatorKind.Add:
                MaskClamped(op);
                foreach (var input in op.Inputs)
                    if (_needed[input]) Elementwise.Add(Gradients(op.Output), Gradients(input));
                break;
            case GraphOperatorKind.Pad:
                if (_needed[op.Inputs[0]]) Pad(op, forward: false);
                break;
            case GraphOperatorKind.Reshape:
                if (_needed[op.Inputs[0]]) Elementwise.Add(Gradients(op.Output), Gradients(op.Inputs[0]));
                break;
        }
    }

    // y (rows, outputs) = clamp(scale x W'^T + bias + LoRA)
    private void ForwardLinear(GraphOperator op)
    {
        var layer = _layers[_operator]!;
        var rows = _pictures * Rows(op);
        float* x = _values[op.Inputs[0]], y = _values[op.Output];
        MatMul.Forward(_pool, new ReadOnlySpan<float>(x, rows * layer.Weights.Columns), layer.Weights, new Span<float>(y, rows * layer.Outputs), rows);
        for (var r = 0; r < rows; r++)
        {
            var row = new Span<float>(y + (long)r * layer.Outputs, layer.Outputs);
            Elementwise.Multiply(layer.Scales, row);
            Elementwise.Add(layer.Bias, row);
        }

        if (_entries[_operator] is { } entry) _lora.Forward(entry, x, y, _projections[_operator], rows);
        Clamp(new Span<float>(y, rows * layer.Outputs), layer);
    }

    private void BackwardLinear(GraphOperator op)
    {
        var layer = _layers[_operator]!;
        var rows = _pictures * Rows(op);
        float* x = _values[op.Inputs[0]], dy = _gradients[op.Output];
        MaskClamped(op);
        var entry = _entries[_operator];
        if (entry is not null) _lora.ParameterGradients(entry, x, dy, _projections[_operator], rows);
        if (!_needed[op.Inputs[0]]) return;
        var dx = _gradients[op.Inputs[0]];
        if (entry is not null) _lora.InputGradient(entry, dx, rows);
        // The layer's scales go into dy, which nothing reads after this.
        for (var r = 0; r < rows; r++) Elementwise.Multiply(layer.Scales, new Span<float>(dy + (long)r * layer.Outputs, layer.Outputs));
        MatMul.BackwardInput(_pool, new ReadOnlySpan<float>(dy, rows * layer.Outputs), layer.Weights, new Span<float>(dx, rows * layer.Weights.Columns), rows, accumulate: true);
    }

    private void ForwardDepthwise(int part, int parts)
    {
        var (op, layer) = (_graph.Operators[_operator], _layers[_operator]!);
        var (x, y) = (_graph.Tensors[op.Inputs[0]].Picture, _graph.Tensors[op.Output].Picture);
        var (first, count) = Gemm.Share(_pictures * y.Height, 1, part, parts);
        fixed (float* taps = layer.Taps)
        {
            for (var row = first; row < first + count; row++)
            {
                var (picture, line) = Math.DivRem(row, y.Height);
                var source = _values[op.Inputs[0]] + (long)picture * x.Height * x.Width * x.Channels;
                for (var column = 0; column < y.Width; column++)
                {
                    var target = _values[op.Output] + ((long)row * y.Width + column) * y.Channels;
                    DepthwisePixel.Sum(source, x.Height, x.Width, x.Channels, taps, op.KernelHeight, op.KernelWidth,
                        line * op.StrideHeight - op.PadTop, column * op.StrideWidth - op.PadLeft, target);
                    Elementwise.Add(layer.Bias, new Span<float>(target, y.Channels));
                }

                Clamp(new Span<float>(_values[op.Output] + (long)row * y.Width * y.Channels, y.Width * y.Channels), layer);
            }
        }
    }

    private void BackwardDepthwise(int part, int parts)
    {
        var (op, layer) = (_graph.Operators[_operator], _layers[_operator]!);
        var (x, y) = (_graph.Tensors[op.Inputs[0]].Picture, _graph.Tensors[op.Output].Picture);
        var (first, count) = Gemm.Share(x.Channels, 16, part, parts);
        if (count == 0) return;
        fixed (float* taps = layer.Taps)
        {
            for (var p = 0; p < _pictures; p++)
                DepthwiseGradient.Add(_gradients[op.Output] + (long)p * y.Height * y.Width * y.Channels, y.Height, y.Width, taps, op.KernelHeight, op.KernelWidth,
                    op.StrideHeight, op.StrideWidth, op.PadTop, op.PadLeft, _gradients[op.Inputs[0]] + (long)p * x.Height * x.Width * x.Channels,
                    x.Height, x.Width, x.Channels, first, count);
        }
    }

    private void ForwardPool(GraphOperator op) => Pool(op, forward: true);

    private void BackwardPool(GraphOperator op)
    {
        if (_needed[op.Inputs[0]]) Pool(op, forward: false);
    }

    private void Pool(GraphOperator op, bool forward)
    {
        var (x, y) = (_graph.Tensors[op.Inputs[0]].Picture, _graph.Tensors[op.Output].Picture);
        if (forward) Values(op.Output).Clear();
        for (var p = 0; p < _pictures; p++)
            for (var row = 0; row < y.Height; row++)
                for (var column = 0; column < y.Width; column++)
                {
                    var (top, left) = (row * op.StrideHeight - op.PadTop, column * op.StrideWidth - op.PadLeft);
                    var (y0, y1) = (Math.Max(0, top), Math.Min(x.Height, top + op.KernelHeight));
                    var (x0, x1) = (Math.Max(0, left), Math.Min(x.Width, left + op.KernelWidth));
                    var pixels = Math.Max(1, (y1 - y0) * (x1 - x0));
                    var pooled = (((long)p * y.Height + row) * y.Width + column) * y.Channels;
                    for (var iy = y0; iy < y1; iy++)
                        for (var ix = x0; ix < x1; ix++)
                        {
                            var pixel = (((long)p * x.Height + iy) * x.Width + ix) * x.Channels;
                            if (forward) Elementwise.AddScaled(new ReadOnlySpan<float>(_values[op.Inputs[0]] + pixel, x.Channels), 1f / pixels, new Span<float>(_values[op.Output] + pooled, x.Channels));
                            else Elementwise.AddScaled(new ReadOnlySpan<float>(_gradients[op.Output] + pooled, x.Channels), 1f / pixels, new Span<float>(_gradients[op.Inputs[0]] + pixel, x.Channels));
                        }
                }
    }

    // A border of zeros, which no gradient leaves.
    private void Pad(GraphOperator op, bool forward)
    {
        var (x, y) = (_graph.Tensors[op.Inputs[0]].Picture, _graph.Tensors[op.Output].Picture);
        if (forward) Values(op.Output).Clear();
        for (var p = 0; p < _pictures; p++)
            for (var row = 0; row < x.Height; row++)
            {
                var inner = ((long)p * x.Height + row) * x.Width * x.Channels;
                var outer = (((long)p * y.Height + row + op.PadTop) * y.Width + op.PadLeft) * y.Channels;
                var length = x.Width * x.Channels;
                if (forward) new ReadOnlySpan<float>(_values[op.Inputs[0]] + inner, length).CopyTo(new Span<float>(_values[op.Output] + outer, length));
                else Elementwise.Add(new ReadOnlySpan<float>(_gradients[op.Output] + outer, length), new Span<float>(_gradients[op.Inputs[0]] + inner, length));
            }
    }

    private void ForwardAdd(GraphOperator op)
    {
        Values(op.Inputs[0]).CopyTo(Values(op.Output));
        Elementwise.Add(Values(op.Inputs[1]), Values(op.Output));
        Clamp(Values(op.Output), _layers[_operator]!);
    }

    private Span<float> Values(int tensor) => new(_values[tensor], _pictures * _graph.Tensors[tensor].Count);

    private Span<float> Gradients(int tensor) => new(_gradients[tensor], _pictures * _graph.Tensors[tensor].Count);

    private static void Clamp(Span<float> y, RealLayer layer) =>
        Elementwise.Clamp(y, layer.Minimum, layer.Maximum);

    // No gradient passes where the output was clamped.
    private void MaskClamped(GraphOperator op)
    {
        var layer = _layers[_operator]!;
        Elementwise.MaskOutside(Values(op.Output), layer.Minimum, layer.Maximum, Gradients(op.Output));
    }
}
