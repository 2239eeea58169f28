using System.Numerics;
using System.Runtime.InteropServices;
using PersonaTune.Engine.Kernels;

namespace PersonaTune.Engine.Vision.Convolutional;

/// <summary>
/// Computes operators of a graph in 8-bit integers as TensorFlow Lite's default kernels do, bit by bit. Owns its buffers; one picture at a time, not thread-safe.
/// Nothing is allocated after construction, and the number of threads does not change a bit.
/// </summary>
internal sealed unsafe class QuantizedRunner : IDisposable
{
    private const int RowGrain = 64;

    private readonly QuantizedGraph _graph;
    private readonly GraphWeights _weights;
    private readonly WorkerPool _pool;
    private readonly GraphMemory _plan;
    private readonly int _operators;
    private readonly byte* _memory;
    private readonly short* _rows;
    private readonly int* _sums;
    private readonly float* _floats;
    private readonly int _sumStride;
    private int _operator;

    /// <summary>A runner of the first <paramref name="operators"/> operators.</summary>
    public QuantizedRunner(QuantizedGraph graph, GraphWeights weights, WorkerPool pool, int operators)
    {
        (_graph, _weights, _pool, _operators) = (graph, weights, pool, operators);
        _plan = new GraphMemory(graph, operators);
        long rows = 0, floats = 0;
        for (var i = 0; i < operators; i++)
        {
            var op = graph.Operators[i];
            if (op.Kind is GraphOperatorKind.Convolution or GraphOperatorKind.FullyConnected)
            {
                var (height, width, _) = graph.Tensors[op.Output].Picture;
                rows = Math.Max(rows, (long)height * width * weights.Panels(i).Pairs * 2);
                _sumStride = Math.Max(_sumStride, weights.Panels(i).Panels * PairPanels.Width);
            }
            else if (op.Kind == GraphOperatorKind.DepthwiseConvolution)
            {
                floats = Math.Max(floats, graph.Tensors[op.Inputs[0]].Count);
                _sumStride = Math.Max(_sumStride, graph.Tensors[op.Output].Picture.Channels);
            }
        }

        _sumStride = (_sumStride + 15) / 16 * 16;
        Bytes = _plan.Length + rows * sizeof(short) + floats * sizeof(float) + (long)pool.Threads * RowGrain * _sumStride * sizeof(int);
        _memory = (byte*)NativeMemory.AlignedAlloc((nuint)_plan.Length, 64);
        _rows = (short*)NativeMemory.AlignedAlloc((nuint)Math.Max(64, rows * sizeof(short)), 64);
        _floats = (float*)NativeMemory.AlignedAlloc((nuint)Math.Max(64, floats * sizeof(float)), 64);
        _sums = (int*)NativeMemory.AlignedAlloc((nuint)Math.Max(64, (long)Slots * RowGrain * _sumStride * sizeof(int)), 64);
    }

    /// <summary>Bytes of all buffers.</summary>
    public long Bytes { get; }

    // Parts of a section, each with sums of its own.
    private int Slots => _pool.Threads;

    /// <summary>Runs on (side, side, 3) bytes that are quantized as the graph's input.</summary>
    public void Run(ReadOnlySpan<byte> picture)
    {
        var input = _graph.Tensors[_graph.Input];
        if (picture.Length != input.Count) throw new ArgumentException($"the graph takes {input.Count} bytes, found {picture.Length}", nameof(picture));
        picture.CopyTo(new Span<byte>(_memory + _plan[_graph.Input], input.Count));
        for (_operator = 0; _operator < _operators; _operator++) Step(_graph.Operators[_operator]);
    }

    /// <summary>A computed tensor of the last run that nothing has overwritten: the last operator's output, or what a later operator reads.</summary>
    public ReadOnlySpan<byte> Values(int tensor) => new(_memory + _plan[tensor], _graph.Tensors[tensor].Count);

    public void Dispose()
    {
        NativeMemory.AlignedFree(_memory);
        NativeMemory.AlignedFree(_rows);
        NativeMemory.AlignedFree(_floats);
        NativeMemory.AlignedFree(_sums);
        GC.SuppressFinalize(this);
    }

    private byte* Place(int tensor) => _memory + _plan[tensor];

    private void Step(GraphOperator op)
    {
        switch (op.Kind)
        {
            case GraphOperatorKind.Convolution:
            case GraphOperatorKind.FullyConnected:
                _pool.Run(this, Slots, static (runner, part, parts) => runner.Convolve(part, parts));
                break;
            case GraphOperatorKind.DepthwiseConvolution:
                _pool.Run(this, Slots, static (runner, part, parts) => runner.Widen(part, parts));
                _pool.Run(this, Slots, static (runner, part, parts) => runner.ConvolveChannels(part, parts));
                break;
            case GraphOperatorKind.AveragePool:
                Pool(op);
                break;
            case GraphOperatorKind.Pad:
                Pad(op);
                break;
            case GraphOperatorKind.Add:
                Add(op);
                break;
            case GraphOperatorKind.Softmax:
                Softmax(op);
                break;
            case GraphOperatorKind.Reshape:
                new ReadOnlySpan<byte>(Place(op.Inputs[0]), _graph.Tensors[op.Output].Count).CopyTo(new Span<byte>(Place(op.Output), _graph.Tensors[op.Output].Count));
                break;
        }
    }

    private void Convolve(int part, int parts)
    {
        var (index, op) = (_operator, _graph.Operators[_operator]);
        var (x, y, panels) = (_graph.Tensors[op.Inputs[0]], _graph.Tensors[op.Output], _weights.Panels(_operator));
        var pixels = op.Kind == GraphOperatorKind.FullyConnected ? 1 : y.Picture.Height * y.Picture.Width;
        var (first, count) = Gemm.Share(pixels, 8, part, parts);
        var sums = _sums + (long)part * RowGrain * _sumStride;
        var stride = panels.Panels * PairPanels.Width;
        fixed (int* bias = _weights.Bias(index))
        fixed (float* factors = _weights.Factors(index))
        {
            for (var end = first + count; first < end; first += RowGrain)
            {
                var rows = Math.Min(RowGrain, end - first);
                var target = _rows + (long)first * panels.Pairs * 2;
                for (var i = 0; i < rows; i++) Gather(op, x, y.Picture.Width, first + i, target + (long)i * panels.Pairs * 2, panels);
                PairGemm.Multiply(target, rows, panels, sums);
                for (var i = 0; i < rows; i++)
                    _weights.Requantization(index).Apply(sums + (long)i * stride, bias, panels.Rows, Place(op.Output) + (long)(first + i) * panels.Rows, factors);
            }
        }
    }

    // The inputs of one output pixel, less the zero point; what lies outside of the picture is zero.
    private void Gather(GraphOperator op, GraphTensor x, int width, int pixel, short* row, PairPanels panels)
    {
        var source = Place(op.Inputs[0]);
        if (op.IsLinear)
        {
            Subtract(source + (long)pixel * panels.Columns, panels.Columns, x.ZeroPoint, row);
        }
        else
        {
            var (height, columns, channels) = x.Picture;
            var (top, left) = (pixel / width * op.StrideHeight - op.PadTop, pixel % width * op.StrideWidth - op.PadLeft);
            for (var ky = 0; ky < op.KernelHeight; ky++)
                for (var kx = 0; kx < op.KernelWidth; kx++)
                {
                    var target = row + (ky * op.KernelWidth + kx) * channels;
                    var (iy, ix) = (top + ky, left + kx);
                    if (iy < 0 || iy >= height || ix < 0 || ix >= columns) new Span<short>(target, channels).Clear();
                    else Subtract(source + ((long)iy * columns + ix) * channels, channels, x.ZeroPoint, target);
                }
        }

        if (panels.Columns % 2 != 0) row[panels.Columns] = 0;
    }

    private static void Subtract(byte* x, int count, int zero, short* y)
    {
        var i = 0;
        var z = new Vector<short>((short)zero);
        for (; i <= count - Vector<byte>.Count; i += Vector<byte>.Count)
        {
            Vector.Widen(Vector.Load(x + i), out var low, out var high);
            (Vector.AsVectorInt16(low) - z).Store(y + i);
            (Vector.AsVectorInt16(high) - z).Store(y + i + Vector<short>.Count);
        }

        for (; i < count; i++) y[i] = (short)(x[i] - zero);
    }

    private void Widen(int part, int parts)
    {
        var op = _graph.Operators[_operator];
        var x = _graph.Tensors[op.Inputs[0]];
        var (first, count) = Gemm.Share(x.Count, 64, part, parts);
        var source = Place(op.Inputs[0]);
        var i = first;
        var z = new Vector<int>(x.ZeroPoint);
        for (; i <= first + count - Vector<byte>.Count; i += Vector<byte>.Count)
        {
            Vector.Widen(Vector.Load(source + i), out var low, out var high);
            Vector.Widen(low, out var a, out var b);
            Vector.Widen(high, out var c, out var d);
            Vector.ConvertToSingle(Vector.AsVectorInt32(a) - z).Store(_floats + i);
            Vector.ConvertToSingle(Vector.AsVectorInt32(b) - z).Store(_floats + i + Vector<int>.Count);
            Vector.ConvertToSingle(Vector.AsVectorInt32(c) - z).Store(_floats + i + 2 * Vector<int>.Count);
            Vector.ConvertToSingle(Vector.AsVectorInt32(d) - z).Store(_floats + i + 3 * Vector<int>.Count);
        }

        for (; i < first + count; i++) _floats[i] = source[i] - x.ZeroPoint;
    }

    // Sums of at most 256 products of 9-bit numbers are exact in single precision.
    private void ConvolveChannels(int part, int parts)
    {
        var (index, op) = (_operator, _graph.Operators[_operator]);
        var (x, y) = (_graph.Tensors[op.Inputs[0]].Picture, _graph.Tensors[op.Output].Picture);
        var (first, count) = Gemm.Share(y.Height, 1, part, parts);
        var sums = _sums + (long)part * RowGrain * _sumStride;
        fixed (int* bias = _weights.Bias(index))
        fixed (float* taps = _weights.Taps(index), factors = _weights.Factors(index))
        {
            for (var row = first; row < first + count; row++)
                for (var column = 0; column < y.Width; column++)
                {
                    DepthwisePixel.Sum(_floats, x.Height, x.Width, x.Channels, taps, op.KernelHeight, op.KernelWidth,
                        row * op.StrideHeight - op.PadTop, column * op.StrideWidth - op.PadLeft, (float*)sums);
                    for (var c = 0; c < y.Channels; c++) sums[c] = (int)((float*)sums)[c];
                    _weights.Requantization(index).Apply(sums, bias, y.Channels, Place(op.Output) + ((long)row * y.Width + column) * y.Channels, factors);
                }
        }
    }

    private void Pool(GraphOperator op)
    {
        var (input, output) = (_graph.Tensors[op.Inputs[0]], _graph.Tensors[op.Output]);
        var (x, y) = (input.Picture, output.Picture);
        // Signed values are halved away from zero, so what was added to them must go first.
        var signed = input.Element == GraphElement.Int8 ? 128 : 0;
        byte* source = Place(op.Inputs[0]), target = Place(op.Output);
        for (var row = 0; row < y.Height; row++)
            for (var column = 0; column < y.Width; column++)
            {
                var (top, left) = (row * op.StrideHeight - op.PadTop, column * op.StrideWidth - op.PadLeft);
                var (y0, y1) = (Math.Max(0, top), Math.Min(x.Height, top + op.KernelHeight));
                var (x0, x1) = (Math.Max(0, left), Math.Min(x.Width, left + op.KernelWidth));
                var pixels = Math.Max(1, (y1 - y0) * (x1 - x0));
                var rescale = op.Rescales ? new Requantization(input.Scale / (output.Scale * pixels), output.ZeroPoint, op.Minimum, op.Maximum) : default;
                for (var c = 0; c < x.Channels; c++)
                {
                    var sum = 0;
                    for (var iy = y0; iy < y1; iy++)
                        for (var ix = x0; ix < x1; ix++) sum += source[((long)iy * x.Width + ix) * x.Channels + c];
                    ref var value = ref target[((long)row * y.Width + column) * y.Channels + c];
                    if (op.Rescales)
                    {
                        value = rescale.Apply(sum - pixels * input.ZeroPoint);
                        continue;
                    }

                    sum -= signed * pixels;
                    value = (byte)Math.Clamp((sum > 0 ? sum + pixels / 2 : sum - pixels / 2) / pixels + signed, op.Minimum, op.Maximum);
                }
            }
    }

    private void Pad(GraphOperator op)
    {
        var (input, y) = (_graph.Tensors[op.Inputs[0]], _graph.Tensors[op.Output].Picture);
        var (x, line) = (input.Picture, input.Picture.Width * input.Picture.Channels);
        byte* source = Place(op.Inputs[0]), target = Place(op.Output);
        new Span<byte>(target, _graph.Tensors[op.Output].Count).Fill((byte)input.ZeroPoint);
        for (var row = 0; row < x.Height; row++)
            new ReadOnlySpan<byte>(source + (long)row * line, line).CopyTo(new Span<byte>(target + ((long)(row + op.PadTop) * y.Width + op.PadLeft) * y.Channels, line));
    }

    private void Add(GraphOperator op)
    {
        var (a, b, y) = (_graph.Tensors[op.Inputs[0]], _graph.Tensors[op.Inputs[1]], _graph.Tensors[op.Output]);
        byte* left = Place(op.Inputs[0]), right = Place(op.Inputs[1]), target = Place(op.Output);
        for (var i = 0; i < y.Count; i++)
        {
            var sum = a.Scale / y.Scale * (left[i] - a.ZeroPoint) + b.Scale / y.Scale * (right[i] - b.ZeroPoint);
            target[i] = (byte)Math.Clamp(MathF.Round(sum, MidpointRounding.ToEven) + y.ZeroPoint, op.Minimum, op.Maximum);
        }
    }

    private void Softmax(GraphOperator op)
    {
        var (x, y) = (_graph.Tensors[op.Inputs[0]], _graph.Tensors[op.Output]);
        byte* source = Place(op.Inputs[0]), target = Place(op.Output);
        var greatest = 0;
        for (var i = 0; i < x.Count; i++) greatest = Math.Max(greatest, source[i]);
        double sum = 0;
        for (var i = 0; i < x.Count; i++) sum += Math.Exp((source[i] - greatest) * (double)x.Scale * op.Beta);
        for (var i = 0; i < x.Count; i++)
        {
            var value = Math.Exp((source[i] - greatest) * (double)x.Scale * op.Beta) / sum;
            target[i] = (byte)Math.Clamp(Math.Round(value / y.Scale, MidpointRounding.AwayFromZero) + y.ZeroPoint, 0, 255);
        }
    }
}
